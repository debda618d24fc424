/** An MLLP server over TLS with fault switches, for the contract; it frames by itself, without a line of the product's codec. */
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { createServer, type TlsOptions } from 'node:tls'
import { createJudge, type Plan } from './far-side.ts'

export async function startMllpFarSide(tls: TlsOptions) {
  const judge = createJudge()
  const sockets = new Set<Socket>()
  let connections = 0
  let openMax = 0
  const server = createServer(tls, (socket) => {
    connections += 1
    sockets.add(socket)
    openMax = Math.max(openMax, sockets.size)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let pending = Buffer.alloc(0)
    socket.on('data', (piece: Buffer) => {
      pending = Buffer.concat([pending, piece])
      for (let end = pending.indexOf('\x1c\r'); end >= 0; end = pending.indexOf('\x1c\r')) {
        const message = pending.subarray(pending.indexOf('\x0b') + 1, end)
        pending = pending.subarray(end + 2)
        void carryOut(socket, judge.plan(message, judge.faults.take()))
      }
    })
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    faults: judge.faults,
    received: judge.received,
    connections: () => connections,
    openMax: () => openMax,
    breakAll: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const framed = (content: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from('\x0b'), Buffer.from(content), Buffer.from('\x1c\r')])

async function carryOut(socket: Socket, plan: Plan): Promise<void> {
  switch (plan.kind) {
    case 'silence':
      return
    case 'break':
      socket.destroy()
      return
    case 'huge':
      socket.write('\x0b')
      for (let i = 0; i < 64 && !socket.destroyed; i++) {
        socket.write(Buffer.alloc(65_536, 'A'))
        await wait(1)
      }
      return
    case 'answer': {
      if (plan.delayMs) await wait(plan.delayMs)
      const frame = framed(plan.bytes)
      if (!plan.byteEveryMs) {
        socket.write(plan.twice ? Buffer.concat([frame, frame]) : frame)
        return
      }
      for (let i = 0; i < frame.length && !socket.destroyed; i++) {
        socket.write(frame.subarray(i, i + 1))
        await wait(plan.byteEveryMs)
      }
    }
  }
}
