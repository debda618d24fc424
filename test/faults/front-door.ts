/** The address that clients know: carries each connection to a gateway that runs, as the hoster's balancer does. */
import { connect, createServer, type Socket } from 'node:net'

export type FrontDoor = {
  /** The gateway that gets the next request that changes something; null when none came in time. */
  nextRequest(timeoutMs: number): Promise<number | null>
  close(): Promise<void>
}

export async function openFrontDoor(options: {
  readonly port: number
  readonly gatewayPorts: readonly number[]
}): Promise<FrontDoor> {
  const { port, gatewayPorts } = options
  const waiting = new Set<(gateway: number) => void>()
  const open = new Set<Socket>()
  let turn = 0
  const carry = (client: Socket) => {
    open.add(client)
    client.once('close', () => open.delete(client)).on('error', () => client.destroy())
    turn += 1
    reach(
      client,
      gatewayPorts.map((_, index) => (turn + index) % gatewayPorts.length),
    )
  }
  function reach(client: Socket, [gateway, ...others]: readonly number[]): void {
    if (gateway === undefined) return void client.destroy()
    const inside = connect(gatewayPorts[gateway] ?? 0, '127.0.0.1')
    const failed = () => reach(client, others)
    inside.once('error', failed)
    inside.once('connect', () => {
      inside.off('error', failed).on('error', () => inside.destroy())
      inside.on('close', () => client.destroy())
      client.on('close', () => inside.destroy())
      client.on('data', (chunk: Buffer) => {
        if (waiting.size === 0 || chunk.subarray(0, 5).toString('latin1') !== 'POST ') return
        for (const tell of waiting) tell(gateway)
        waiting.clear()
      })
      client.pipe(inside).pipe(client)
    })
  }
  const server = createServer(carry)
  await new Promise<void>((done, failed) => server.once('error', failed).listen(port, '127.0.0.1', done))
  return {
    nextRequest: (timeoutMs) =>
      new Promise((answer) => {
        const timer = setTimeout(() => {
          waiting.delete(tell)
          answer(null)
        }, timeoutMs)
        const tell = (gateway: number) => {
          clearTimeout(timer)
          answer(gateway)
        }
        waiting.add(tell)
      }),
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        for (const socket of open) socket.destroy()
      }),
  }
}
