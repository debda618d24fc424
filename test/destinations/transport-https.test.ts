import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Transport } from '../../src/destinations/destination.ts'
import { openHttpsTransport } from '../../src/destinations/transport-https.ts'
import type { HttpsTransportSettings } from '../../src/domain/destination-settings.ts'
import { startSidepSimulator } from '../simulators/sidep/simulator.ts'
import { freePort } from '../support/free-port.ts'
import { type Authority, createAuthority } from './certificates.ts'
import { tlsContract } from './tls-contract.ts'
import { contractAnswerBytesMax, messageNumber, never, transportContract } from './transport-contract.ts'

const clock = { now: () => new Date('2026-01-15T10:00:00.000Z') }
const folder = mkdtempSync(join(tmpdir(), 'passerelle-tls-'))
let authority: Authority
let caFile: string

beforeAll(() => {
  authority = createAuthority()
  caFile = fileOf('ca.pem', authority.cert)
})
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function openTo(url: string, settings: Partial<HttpsTransportSettings> = {}, connectionsMax = 8): Transport {
  return openHttpsTransport(
    { clock },
    {
      settings: {
        kind: 'https',
        url,
        timeoutMs: 10_000,
        answerBytesMax: contractAnswerBytesMax,
        caFile,
        clientCertificateFile: null,
        clientKeyFile: null,
        privateNetworks: ['127.0.0.0/8'],
        insecureAllowPlainHttp: false,
        ...settings,
      },
      connectionsMax,
    },
  )
}

async function portOf(server: Server, onClose: () => void = () => undefined): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    onClose()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** A server that answers as told, and a transport to it. */
async function plainServer(listener: RequestListener, settings: Partial<HttpsTransportSettings> = {}, connectionsMax = 8) {
  const server = createServer(listener)
  const url = `http://127.0.0.1:${await portOf(server, () => server.closeAllConnections())}/oru`
  const transport = openTo(url, { insecureAllowPlainHttp: true, caFile: null, ...settings }, connectionsMax)
  onTestFinished(() => transport.close())
  return { server, url, transport }
}

transportContract({
  name: 'https',
  open: async (timeoutMs) => {
    const simulator = await startSidepSimulator({ tls: authority.issue() })
    return {
      transport: openTo(simulator.url, { timeoutMs }),
      faults: simulator.faults,
      received: simulator.received,
      close: simulator.close,
    }
  },
  openToNobody: async () => openTo(`https://127.0.0.1:${await freePort()}/oru`),
})

tlsContract({
  name: 'https',
  sendTo: async (tls, files) => {
    let requests = 0
    const server = createTlsServer(tls, (_, response) => {
      requests += 1
      response.end('answer')
    })
    server.on('tlsClientError', () => undefined)
    const transport = openTo(`https://127.0.0.1:${await portOf(server, () => server.closeAllConnections())}/oru`, files)
    onTestFinished(() => transport.close())
    const result = await transport.send(messageNumber(1), { signal: never() })
    return { result, requests }
  },
})

describe('before a byte left', () => {
  test('a server that takes the connection and never shakes hands is not-sent', async () => {
    const sockets: { destroy(): void }[] = []
    const silent = createTcpServer((socket) => {
      sockets.push(socket)
    })
    const port = await portOf(silent, () => {
      for (const socket of sockets) socket.destroy()
    })
    const transport = openTo(`https://127.0.0.1:${port}/oru`, { timeoutMs: 300 })
    onTestFinished(() => transport.close())
    expect(await transport.send(messageNumber(1), { signal: never() })).toEqual({ kind: 'not-sent', code: 'unreachable' })
  })

  test('stopped while shaking hands, it was interrupted: no byte had left', async () => {
    const sockets: { destroy(): void }[] = []
    const silent = createTcpServer((socket) => {
      sockets.push(socket)
    })
    const port = await portOf(silent, () => {
      for (const socket of sockets) socket.destroy()
    })
    const transport = openTo(`https://127.0.0.1:${port}/oru`)
    onTestFinished(() => transport.close())
    const stop = new AbortController()
    const result = transport.send(messageNumber(1), { signal: stop.signal })
    await expect.poll(() => sockets.length).toBe(1)
    stop.abort()
    expect(await result).toEqual({ kind: 'interrupted' })
  })
})

describe('the URL', () => {
  test.each([
    ['http://127.0.0.1/oru', false],
    ['ftp://127.0.0.1/oru', true],
    ['https://user:password@127.0.0.1/oru', false],
    ['not a url', true],
  ])('%s is refused at opening', (url, insecureAllowPlainHttp) => {
    expect(() => openTo(url, { insecureAllowPlainHttp })).toThrow()
  })

  test('a file that is missing stops the opening', () => {
    expect(() => openTo('https://127.0.0.1/oru', { caFile: join(folder, 'absent.pem') })).toThrow('ENOENT')
  })
})

describe('HTTP', () => {
  test.each([
    [400, {}, { kind: 'refused', code: 'refused-for-now' }],
    [401, {}, { kind: 'refused', code: 'unauthorised-sender' }],
    [403, {}, { kind: 'refused', code: 'unauthorised-sender' }],
    [404, {}, { kind: 'refused', code: 'refused-for-now' }],
    [408, {}, { kind: 'refused', code: 'refused-for-now' }],
    [413, {}, { kind: 'refused', code: 'message-too-large' }],
    [422, {}, { kind: 'refused', code: 'refused-for-now' }],
    [429, {}, { kind: 'refused', code: 'busy', retryAfterMs: undefined }],
    [503, { 'retry-after': '7' }, { kind: 'refused', code: 'busy', retryAfterMs: 7_000 }],
    [503, { 'retry-after': 'Thu, 15 Jan 2026 10:01:30 GMT' }, { kind: 'refused', code: 'busy', retryAfterMs: 90_000 }],
    [503, { 'retry-after': 'Thu, 15 Jan 2026 09:00:00 GMT' }, { kind: 'refused', code: 'busy', retryAfterMs: 0 }],
    [503, { 'retry-after': '999999999' }, { kind: 'refused', code: 'busy', retryAfterMs: 86_400_000 }],
    [503, { 'retry-after': '-1' }, { kind: 'refused', code: 'busy', retryAfterMs: undefined }],
    [503, { 'retry-after': 'soon' }, { kind: 'refused', code: 'busy', retryAfterMs: undefined }],
    [500, {}, { kind: 'answer-lost', code: 'answer-unreadable' }],
    [501, {}, { kind: 'refused', code: 'refused-for-now' }],
    [502, {}, { kind: 'answer-lost', code: 'answer-unreadable' }],
    [504, {}, { kind: 'answer-lost', code: 'answer-unreadable' }],
    [303, { location: '/taken' }, { kind: 'answer-lost', code: 'answer-unreadable' }],
  ] as const)('status %i with %j is %j', async (status, headers, result) => {
    const { transport } = await plainServer((_, response) => {
      response.writeHead(status, headers).end('MSH|^~\\&|')
    })
    expect(await transport.send(messageNumber(1), { signal: never() })).toEqual(result)
  })

  test.each([400, 422, 500, 503])('status %i whose body is declared as HL7 is the answer', async (status) => {
    const { transport } = await plainServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/hl7-v2' }).end('MSH|…')
    })
    expect(await transport.send(messageNumber(1), { signal: never() })).toEqual({ kind: 'answer', bytes: Buffer.from('MSH|…') })
  })

  test('status 503 stays busy, however large or slow its page', async () => {
    const { transport } = await plainServer((_, response) => {
      response.writeHead(503, { 'retry-after': '1' }).write('x'.repeat(contractAnswerBytesMax + 1))
    })
    expect(await transport.send(messageNumber(1), { signal: never() })).toMatchObject({ kind: 'refused', code: 'busy' })
  })

  test.each([301, 302, 307, 308])('a redirect (%i) is never followed', async (status) => {
    let visited = 0
    const { server } = await plainServer((_, response) => {
      visited += 1
      response.end('MSH|')
    })
    const elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oru`
    const { transport } = await plainServer((_, response) => {
      response.writeHead(status, { location: elsewhere }).end()
    })
    const result = await transport.send(messageNumber(1), { signal: never() })
    expect(result.kind).toBe(status < 307 ? 'answer-lost' : 'refused')
    expect(visited).toBe(0)
  })

  test('the message goes as one POST with its type and nothing that names a patient outside its body', async () => {
    const seen: { method: string | undefined; url: string | undefined; headers: unknown; body: string }[] = []
    const { transport } = await plainServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const body = Buffer.concat(chunks).toString('utf8')
      const { host: _host, ...headers } = request.headers
      seen.push({ method: request.method, url: request.url, headers, body })
      response.end('MSH|')
    })
    const message = messageNumber(1)
    await transport.send(message, { signal: never() })
    const headers = {
      'accept-encoding': 'identity',
      connection: 'keep-alive',
      'content-length': String(message.bytes.length),
      'content-type': 'application/hl7-v2; charset=utf-8',
      'user-agent': 'Passerelle',
      'x-control-id': message.controlId,
    }
    expect(seen).toEqual([{ method: 'POST', url: '/oru', headers, body: Buffer.from(message.bytes).toString('utf8') }])
  })

  test('headers without end are cut off', async () => {
    const { transport } = await plainServer((request) => {
      request.socket.write(`HTTP/1.1 200 OK\r\n${'x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2_000)}`)
    })
    expect(await transport.send(messageNumber(1), { signal: never() })).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
  })

  test('a body shorter than it was announced is an answer lost', async () => {
    const { transport } = await plainServer((request) => {
      request.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nMSH|^~\\&|')
    })
    expect(await transport.send(messageNumber(1), { signal: never() })).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
  })

  test('a connection whose exchange did not end well is broken off', async () => {
    const sockets: Socket[] = []
    const { transport } = await plainServer((request) => {
      sockets.push(request.socket)
    })
    const stop = new AbortController()
    const result = transport.send(messageNumber(1), { signal: stop.signal })
    await expect.poll(() => sockets.length).toBe(1)
    stop.abort()
    expect(await result).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
    await expect.poll(() => sockets[0]?.closed).toBe(true)
  })

  // It was reported as not sent: were it sent later, on the connection that it waited for, the queue could send it twice.
  test('a message that was stopped while it waited for a connection is never sent afterwards', async () => {
    const arrived: string[] = []
    const held: ServerResponse[] = []
    const { transport } = await plainServer(
      (request, response) => {
        request.on('data', (chunk: Buffer) => {
          const id = chunk.toString('utf8').split('|')[9] ?? ''
          arrived.push(id)
          if (id === 'MSG1') held.push(response)
          else response.end('MSH|')
        })
      },
      {},
      1,
    )
    const first = transport.send(messageNumber(1), { signal: never() })
    await expect.poll(() => held.length).toBe(1)
    const stop = new AbortController()
    const second = transport.send(messageNumber(2), { signal: stop.signal })
    stop.abort()
    expect(await second).toEqual({ kind: 'interrupted' })
    const third = transport.send(messageNumber(3), { signal: never() })
    held[0]?.end('MSH|')
    expect([(await first).kind, (await third).kind]).toEqual(['answer', 'answer'])
    expect(arrived).toEqual(['MSG1', 'MSG3'])
  })

  test('never more connections than the bound, and what waits for one too long is not-sent', async () => {
    let open = 0
    let openMax = 0
    const { server, transport } = await plainServer(() => undefined, { timeoutMs: 500 }, 2)
    server.on('connection', (socket) => {
      open += 1
      openMax = Math.max(openMax, open)
      socket.on('close', () => {
        open -= 1
      })
    })
    const results = await Promise.all([1, 2, 3, 4, 5].map((number) => transport.send(messageNumber(number), { signal: never() })))
    expect(results.map(({ kind }) => kind).sort()).toEqual(['answer-lost', 'answer-lost', 'not-sent', 'not-sent', 'not-sent'])
    expect(openMax).toBeLessThanOrEqual(2)
  })
})
