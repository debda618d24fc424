/**
 * The SI-DEP simulator: the counterpart of the assumed profile, with fault switches. `POST /oru` takes messages, `GET /`
 * shows what came, `GET /received.json` says it to programs, `POST /faults` arranges what goes wrong next.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { answerBadly, answerPlainly, type Moment } from './answers.ts'
import { createFaults, type Faults, parseFault } from './faults.ts'
import { type Delivery, type KeptScreening, openNationalFile, type Received } from './national-file.ts'
import { sidepPage } from './page.ts'

const bodyBytesMax = 1_100_000
const hugeBytesDefault = 64 * 1_048_576

export type SidepSimulator = {
  /** Where messages are posted. */
  readonly url: string
  readonly pageUrl: string
  received(): readonly Received[]
  /** The version that holds for each screening id. */
  screenings(): ReadonlyMap<string, KeptScreening>
  readonly faults: Faults
  close(): Promise<void>
}

export type SidepSimulatorOptions = {
  /** 0 for any free one. */
  readonly port?: number | undefined
  readonly host?: string | undefined
  /** JSON lines; what they hold is read back at the start. */
  readonly journalFile?: string | undefined
  /** False: takes the same message again each time. */
  readonly deduplicates?: boolean | undefined
  /** Certificate and key make it an HTTPS server. */
  readonly tls?: ServerOptions | undefined
  readonly now?: (() => Date) | undefined
  /** What a huge answer comes to; 64 MB unless told. */
  readonly hugeBytes?: number | undefined
  /** Awaited for a message that meets no fault: when it has come whole, and when it is taken and not yet answered. */
  readonly onMoment?: ((moment: Moment, controlId: string) => Promise<void> | void) | undefined
}

export async function startSidepSimulator(options: SidepSimulatorOptions = {}): Promise<SidepSimulator> {
  const { port = 0, host = '127.0.0.1', journalFile, deduplicates = true, tls, now = () => new Date() } = options
  const { hugeBytes = hugeBytesDefault, onMoment = () => undefined } = options
  const file = openNationalFile({ journalFile, deduplicates, now })
  const faults = createFaults()
  const stopping = new AbortController()
  const deps = { file, faults, now, hugeBytes, onMoment, signal: stopping.signal }
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    route(deps, request, response).catch((error: unknown) => {
      // A fault of the simulator itself: loud, and an answer that no sender can take for one.
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    })
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  server.keepAliveTimeout = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: actual } = server.address() as AddressInfo // safe: it listens on TCP
  const base = `${tls ? 'https' : 'http'}://${host}:${actual}/`
  return {
    url: `${base}oru`,
    pageUrl: base,
    received: file.received,
    screenings: file.screenings,
    faults,
    close: async () => {
      stopping.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

type Deps = {
  readonly file: ReturnType<typeof openNationalFile>
  readonly faults: Faults
  readonly now: () => Date
  readonly hugeBytes: number
  readonly onMoment: NonNullable<SidepSimulatorOptions['onMoment']>
  readonly signal: AbortSignal
}

async function route(deps: Deps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0]
  switch (`${request.method} ${path}`) {
    case 'POST /oru':
      return takeMessage(deps, request, response)
    case 'POST /faults':
      return arrangeFault(deps, request, response)
    case `GET ${path?.startsWith('/lookup/') ? path : '/lookup/'}`:
      return answerLookUp(deps, path?.slice('/lookup/'.length) ?? '', response)
    case 'GET /received.json':
      return sendJson(response, 200, { messages: deps.file.received(), screenings: Object.fromEntries(deps.file.screenings()) })
    case 'GET /': {
      const html = sidepPage({
        deliveries: deliveriesNewestFirst(deps.file.received()),
        screenings: deps.file.screenings(),
        faultsPending: deps.faults.pending(),
      })
      return void response.writeHead(200, pageHeaders).end(html)
    }
    default:
      return void response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('Introuvable.')
  }
}

/** Whether a message is held, and which bytes: for senders that lost the answer. */
function answerLookUp({ file }: Deps, controlId: string, response: ServerResponse): void {
  const taken = file
    .received()
    .find((one) => one.controlId === controlId)
    ?.deliveries.find((delivery) => delivery.effect)
  const held = taken ? { held: true, messageSha256: taken.sha256, reference: `L-${controlId}` } : { held: false }
  sendJson(response, 200, { controlId, ...held })
}

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

async function takeMessage(deps: Deps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const fault = deps.faults.take()
  if (fault?.mode === 'lose-request') return void request.socket.destroy()
  const message = await bodyOf(request)
  if (message === null) return void response.writeHead(413).end()
  if (!/^application\/hl7-v2\b/.test(request.headers['content-type'] ?? '')) return void response.writeHead(415).end()
  if (fault) return answerBadly(deps, fault, { message, request, response })
  return answerPlainly(deps, message, response)
}

/** JSON from programs, a form from the page. */
async function arrangeFault({ faults }: Deps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await bodyOf(request))?.toString('utf8') ?? ''
  const fromPage = /^application\/x-www-form-urlencoded\b/.test(request.headers['content-type'] ?? '')
  const fault = parseFault(fromPage ? Object.fromEntries(new URLSearchParams(body)) : parseJson(body))
  if (fault === null) return sendJson(response, 400, { error: 'mode or count is not known' })
  if (fault === 'none') faults.clear()
  else faults.add(fault)
  if (fromPage) return void response.writeHead(303, { location: '/' }).end()
  sendJson(response, 200, { pending: faults.pending() })
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyBytesMax) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}

function deliveriesNewestFirst(received: readonly Received[]): Delivery[] {
  return received.flatMap(({ deliveries }) => deliveries).sort((a, b) => (a.at < b.at ? 1 : -1))
}
