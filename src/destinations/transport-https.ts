/** Carries messages by HTTPS POST, one destination to one pool of kept connections, and knows whether bytes left. */
import { type Dispatcher, Pool } from 'undici'
import type { Clock } from '../base/clock.ts'
import type { HttpsTransportSettings } from '../domain/destination-settings.ts'
import type { EncodedMessage, Transport, TransportResult } from './destination.ts'
import { createEgress } from './egress.ts'
import { findVerdict } from './http-status.ts'
import { connectFailure, readTlsOptions } from './tls-options.ts'

const connectTimeoutMaxMs = 10_000
const headerBytesMax = 16_384
/** Shorter than what servers commonly keep: a request on a connection that they just closed would be an answer lost. */
const keepAliveTimeoutMs = 4_000
const keepAliveTimeoutMaxMs = 30_000

/** Opens nothing on the network yet. Throws on a URL or a file that cannot be used: a fault of configuration. */
export function openHttpsTransport(
  deps: { readonly clock: Clock },
  options: { readonly settings: HttpsTransportSettings; readonly connectionsMax: number },
): Transport {
  const { settings, connectionsMax } = options
  const url = ensureUsable(settings)
  const egress = createEgress(settings.privateNetworks)
  egress.ensureHost(url.hostname)
  const pool = new Pool(url.origin, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: headerBytesMax,
    keepAliveTimeout: keepAliveTimeoutMs,
    keepAliveMaxTimeout: keepAliveTimeoutMaxMs,
    // Backups of the exchange's own timer, which bounds the whole.
    headersTimeout: settings.timeoutMs,
    bodyTimeout: settings.timeoutMs,
    connect: {
      ...readTlsOptions(settings),
      lookup: egress.lookup,
      timeout: Math.min(settings.timeoutMs, connectTimeoutMaxMs),
    },
  })
  const path = url.pathname + url.search
  return {
    send: (message, { signal }) => exchange({ pool, clock: deps.clock }, { message, path, signal, settings }),
    close: () => pool.close(),
  }
}

function ensureUsable({ url, insecureAllowPlainHttp }: HttpsTransportSettings): URL {
  const parsed = new URL(url)
  const plain = parsed.protocol === 'http:' && insecureAllowPlainHttp
  if (parsed.protocol !== 'https:' && !plain) throw new Error('a destination is reached by https')
  if (parsed.username !== '' || parsed.password !== '') throw new Error('a destination URL holds no password')
  return parsed
}

type Request = {
  readonly message: EncodedMessage
  readonly path: string
  readonly signal: AbortSignal
  readonly settings: HttpsTransportSettings
}

/**
 * One request and what came of it; never rejects. undici calls `onRequestStart` in the same turn in which it writes the
 * first byte, and writes none once the request is aborted there: before that call nothing left, after it something may have.
 */
function exchange(deps: { pool: Pool; clock: Clock }, request: Request): Promise<TransportResult> {
  const { message, path, signal, settings } = request
  if (signal.aborted) return Promise.resolve({ kind: 'interrupted' })
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | null = null
    let ended = false
    // What the head of the response decided by itself: no trouble with its body can change that.
    let verdict: TransportResult | null = null
    let body: Buffer[] = []
    let bodyBytes = 0
    const end = (result: TransportResult) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(result)
    }
    /** Ends and breaks the connection off: what still comes on it must not meet the next request. */
    const stop = (result: TransportResult) => {
      end(result)
      controller?.abort(new Error('exchange stopped'))
    }
    const onAbort = () => stop(controller ? (verdict ?? lost('answer-lost')) : { kind: 'interrupted' })
    const onTimeout = () => stop(controller ? (verdict ?? lost('answer-lost')) : { kind: 'not-sent', code: 'unreachable' })
    const timer = setTimeout(onTimeout, settings.timeoutMs)
    signal.addEventListener('abort', onAbort, { once: true })
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        if (ended) return started.abort(new Error('exchange stopped'))
        controller = started
      },
      onResponseStart: (_, status, headers) => {
        if (status < 200) return
        verdict = findVerdict({ status, headers }, deps.clock.now())
        if (Number(headers['content-length'] ?? 0) > settings.answerBytesMax) stop(verdict ?? lost('answer-too-large'))
      },
      onResponseData: (_, chunk) => {
        bodyBytes += chunk.length
        if (bodyBytes > settings.answerBytesMax) {
          body = []
          stop(verdict ?? lost('answer-too-large'))
        } else if (verdict === null) body.push(chunk)
      },
      onResponseEnd: () => end(verdict ?? { kind: 'answer', bytes: Buffer.concat(body) }),
      onResponseError: (_, error) => {
        if (controller === null) end({ kind: 'not-sent', code: connectFailure(error) })
        else end(verdict ?? lost('answer-lost'))
      },
    }
    deps.pool.dispatch({ path, method: 'POST', headers: headersOf(message), body: message.bytes }, handler)
  })
}

function headersOf(message: EncodedMessage): Record<string, string> {
  return {
    'content-type': message.contentType,
    'accept-encoding': 'identity',
    'user-agent': 'Passerelle',
    // A document has no control id inside, and its acknowledgement must name it.
    'x-control-id': message.controlId,
  }
}

function lost(code: 'answer-lost' | 'answer-too-large'): TransportResult {
  return { kind: 'answer-lost', code }
}
