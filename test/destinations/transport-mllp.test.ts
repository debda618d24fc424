import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { Server as PeerServer } from 'node-hl7-server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openMllpTransport } from '../../src/destinations/transport-mllp.ts'
import type { MllpTransportSettings } from '../../src/domain/destination-settings.ts'
import { sidepOru } from '../../src/formats/profiles/sidep-oru.ts'
import { freePort } from '../support/free-port.ts'
import { createAuthority } from './certificates.ts'
import { framed, startMllpFarSide } from './mllp-far-side.ts'
import { pemFolder, tlsContract } from './tls-contract.ts'
import { contractAnswerBytesMax, messageNumber, never, transportContract } from './transport-contract.ts'

const fileOf = pemFolder()
const authority = createAuthority()
const caFile = fileOf('ca.pem', authority.cert)

function openTo(port: number, settings: Partial<MllpTransportSettings> = {}, connectionsMax = 8) {
  return openMllpTransport({
    settings: {
      kind: 'mllp',
      host: '127.0.0.1',
      port,
      timeoutMs: 10_000,
      answerBytesMax: contractAnswerBytesMax,
      caFile,
      clientCertificateFile: null,
      clientKeyFile: null,
      privateNetworks: ['127.0.0.0/8'],
      ...settings,
    },
    connectionsMax,
  })
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A TLS server that does as told with each connection. */
async function rawServer(onSocket: (socket: Socket) => void, settings: Partial<MllpTransportSettings> = {}, connectionsMax = 8) {
  const sockets = new Set<Socket>()
  const server = createTlsServer(authority.issue(), (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  server.on('tlsClientError', () => undefined)
  const transport = openTo(await portOf(server), settings, connectionsMax)
  onTestFinished(async () => {
    await transport.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { transport, sockets }
}

const ackFor = (controlId: string, code = 'AA') => `MSH|^~\\&|SI-DEP|SI-DEP|||20260115||ACK|R1|T|2.5\rMSA|${code}|${controlId}\r`
const send = (transport: ReturnType<typeof openTo>, number = 1) => transport.send(messageNumber(number), { signal: never() })
/** Calls back with each message that arrives whole. */
function onMessage(socket: Socket, take: (controlId: string, message: Buffer) => void): void {
  let pending = Buffer.alloc(0)
  socket.on('data', (piece: Buffer) => {
    pending = Buffer.concat([pending, piece])
    const end = pending.indexOf('\x1c\r')
    if (end < 0) return
    const message = pending.subarray(1, end)
    pending = pending.subarray(end + 2)
    take(message.toString('latin1').split('|')[9] ?? '', message)
  })
}

transportContract({
  name: 'mllp',
  open: async (timeoutMs) => {
    const far = await startMllpFarSide(authority.issue())
    return { transport: openTo(far.port, { timeoutMs }), ...far }
  },
  openToNobody: async () => {
    const server = createTcpServer()
    const port = await portOf(server)
    await new Promise((resolve) => server.close(resolve))
    return openTo(port)
  },
})

tlsContract({
  name: 'mllp',
  sendTo: async (tls, files) => {
    let requests = 0
    const sockets: Socket[] = []
    const server = createTlsServer(tls, (socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => {
        requests += 1
      })
      onMessage(socket, (controlId) => socket.write(framed(ackFor(controlId))))
    })
    server.on('tlsClientError', () => undefined)
    const transport = openTo(await portOf(server), files)
    onTestFinished(async () => {
      await transport.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    return { result: await send(transport), requests }
  },
})

describe('frames on the wire', () => {
  test('a message goes as VT, its bytes, FS and CR, and nothing else', async () => {
    const pieces: Buffer[] = []
    const { transport } = await rawServer((socket) => {
      socket.on('data', (piece: Buffer) => pieces.push(piece))
      onMessage(socket, (controlId) => socket.write(framed(ackFor(controlId))))
    })
    expect((await send(transport)).kind).toBe('answer')
    expect(Buffer.concat(pieces)).toEqual(framed(Buffer.from(messageNumber(1).bytes)))
  })

  test.each([
    ['split byte by byte', (socket: Socket, frame: Buffer) => void dribble(socket, frame)],
    [
      'after garbage before VT',
      (socket: Socket, frame: Buffer) => socket.write(Buffer.concat([Buffer.from('\r\n\0\0 noise'), frame])),
    ],
    [
      'with CRLF after the frame of an ancient sender, which ends the connection',
      (socket: Socket, frame: Buffer) => socket.write(Buffer.concat([frame, Buffer.from('\n')])),
    ],
  ])('an answer %s is read whole', async (_case, write) => {
    const { transport } = await rawServer((socket) => onMessage(socket, (controlId) => write(socket, framed(ackFor(controlId)))))
    for (const number of [1, 2]) {
      const result = await send(transport, number)
      if (result.kind !== 'answer') throw new Error(result.kind)
      expect(Buffer.from(result.bytes).toString()).toBe(ackFor(`MSG${number}`))
    }
  })

  test('two answers in one packet: ours is taken, the other never answers a later message', async () => {
    const { transport, sockets } = await rawServer((socket) =>
      onMessage(socket, (controlId) => socket.write(Buffer.concat([framed(ackFor(controlId)), framed(ackFor('MSG2', 'AE'))]))),
    )
    for (const number of [1, 2]) {
      const result = await send(transport, number)
      if (result.kind !== 'answer') throw new Error(result.kind)
      expect(sidepOru.readAnswer(result.bytes, `MSG${number}`).class).toBe('accepted')
    }
    // What was left over spoiled each connection.
    expect(sockets.size).toBe(2)
  })

  test('a second copy of the last answer, which comes while the next is awaited, is passed over', async () => {
    const { transport, sockets } = await rawServer((socket) => {
      let last = ''
      onMessage(socket, (controlId) => {
        const copy = last === '' ? Buffer.alloc(0) : framed(ackFor(last))
        last = controlId
        socket.write(Buffer.concat([copy, framed(ackFor(controlId))]))
      })
    })
    for (const number of [1, 2, 3]) {
      const result = await send(transport, number)
      if (result.kind !== 'answer') throw new Error(result.kind)
      expect(sidepOru.readAnswer(result.bytes, `MSG${number}`).class).toBe('accepted')
    }
    expect(sockets.size).toBe(1)
  })

  test.each([
    ['an FS without its CR', '\x0bMSH|^~\\&|\x1cMSA'],
    ['a second VT inside a frame', '\x0bMSH|^~\\&|\x0bMSH'],
  ])('%s is an answer that cannot be read', async (_case, bytes) => {
    const { transport } = await rawServer((socket) => onMessage(socket, () => socket.write(bytes)))
    expect(await send(transport)).toEqual({ kind: 'answer-lost', code: 'answer-unreadable' })
  })

  test('a frame that never ends is cut off at its time, garbage without end at its bound', async () => {
    const { transport } = await rawServer((socket) => onMessage(socket, () => socket.write('\x0bMSH|^~\\&|')), { timeoutMs: 300 })
    expect(await send(transport)).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
    const noisy = await rawServer((socket) => onMessage(socket, () => socket.write('x'.repeat(contractAnswerBytesMax + 1))))
    expect(await send(noisy.transport)).toEqual({ kind: 'answer-lost', code: 'answer-too-large' })
  })

  test('a frame cut short by the end of the connection is an answer lost', async () => {
    const { transport } = await rawServer((socket) =>
      onMessage(socket, (controlId) => socket.end(framed(ackFor(controlId)).subarray(0, -1))),
    )
    expect(await send(transport)).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
  })
})

describe('connections', () => {
  test('are kept: many messages, one after the other, share one', async () => {
    const { transport, sockets } = await rawServer((socket) =>
      onMessage(socket, (controlId) => socket.write(framed(ackFor(controlId)))),
    )
    for (let number = 1; number <= 20; number++) expect((await send(transport, number)).kind).toBe('answer')
    expect(sockets.size).toBe(1)
  })

  test('are never more than the bound, and what waits for one too long was not sent', async () => {
    const { transport, sockets } = await rawServer(() => undefined, { timeoutMs: 500 }, 2)
    const results = await Promise.all([1, 2, 3, 4, 5].map((number) => send(transport, number)))
    expect(results.map(({ kind }) => kind).sort()).toEqual(['answer-lost', 'answer-lost', 'not-sent', 'not-sent', 'not-sent'])
    expect(sockets.size).toBe(2)
  })

  test('that the far side closed while idle, or spoke on unasked, are not used again', async () => {
    const idle: Socket[] = []
    const { transport, sockets } = await rawServer((socket) => {
      idle.push(socket)
      onMessage(socket, (controlId) => socket.write(framed(ackFor(controlId))))
    })
    await send(transport, 1)
    idle[0]?.end()
    await expect.poll(() => idle[0]?.closed).toBe(true)
    expect((await send(transport, 2)).kind).toBe('answer')
    idle[1]?.write(framed(ackFor('MSG3', 'AE')))
    await expect.poll(() => idle[1]?.closed).toBe(true)
    const result = await send(transport, 3)
    if (result.kind !== 'answer') throw new Error(result.kind)
    expect(sidepOru.readAnswer(result.bytes, 'MSG3').class).toBe('accepted')
    expect(sockets.size).toBe(3)
  })

  test('a server that takes the connection and never shakes hands is not-sent; stopped meanwhile, interrupted', async () => {
    const silent = createTcpServer()
    const open: Socket[] = []
    silent.on('connection', (socket) => open.push(socket))
    const port = await portOf(silent)
    const transport = openTo(port, { timeoutMs: 300 })
    onTestFinished(async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    })
    expect(await send(transport)).toEqual({ kind: 'not-sent', code: 'unreachable' })
    const stop = new AbortController()
    const patient = openTo(port)
    const result = patient.send(messageNumber(1), { signal: stop.signal })
    await expect.poll(() => open.length).toBe(2)
    stop.abort()
    expect(await result).toEqual({ kind: 'interrupted' })
  })

  test('a message stopped while it waited for a connection is never sent afterwards', async () => {
    const arrived: string[] = []
    let answerFirst = () => undefined as unknown
    const { transport } = await rawServer(
      (socket) =>
        onMessage(socket, (controlId) => {
          arrived.push(controlId)
          if (controlId === 'MSG1') answerFirst = () => socket.write(framed(ackFor('MSG1')))
          else socket.write(framed(ackFor(controlId)))
        }),
      {},
      1,
    )
    const first = send(transport, 1)
    await expect.poll(() => arrived).toEqual(['MSG1'])
    const stop = new AbortController()
    const second = transport.send(messageNumber(2), { signal: stop.signal })
    stop.abort()
    expect(await second).toEqual({ kind: 'interrupted' })
    answerFirst()
    expect([(await first).kind, (await send(transport, 3)).kind]).toEqual(['answer', 'answer'])
    expect(arrived).toEqual(['MSG1', 'MSG3'])
  })
})

describe('a server of another library (node-hl7-server)', () => {
  test('takes our messages over TLS and its acknowledgements are read', async () => {
    const { cert, key } = authority.issue()
    const peer = new PeerServer({ bindAddress: '127.0.0.1', tls: { cert, key } } as never)
    const taken: string[] = []
    const port = await freePort()
    const inbound = peer.createInbound({ port } as never, async (request, response) => {
      taken.push(request.getMessage().get('PID.5.1').toString())
      await response.sendResponse('AA')
    })
    onTestFinished(async () => {
      await inbound.close()
    })
    const transport = openTo(port)
    onTestFinished(() => transport.close())
    await expect.poll(async () => (await send(transport, 1)).kind, { timeout: 5_000 }).toBe('answer')
    const result = await send(transport, 2)
    if (result.kind !== 'answer') throw new Error(result.kind)
    expect(sidepOru.readAnswer(result.bytes, 'MSG2')).toMatchObject({ class: 'accepted' })
    expect(taken.at(-1)).toBe("D'ARTAGNAN-LEFÈVRE")
  })
})

async function dribble(socket: Socket, frame: Buffer): Promise<void> {
  for (let i = 0; i < frame.length; i++) {
    socket.write(frame.subarray(i, i + 1))
    await wait(1)
  }
}
