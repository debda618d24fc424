/**
 * The receiving end of the forwarding benches, in a process of its own and as cheap as can be: it frames HTTP by hand, reads
 * MSH-10, and acknowledges. A message that holds POISON-AE is refused for good, one with POISON-AR for now.
 */
import { createServer, type Socket } from 'node:net'

export type ReceiverOrder =
  | { readonly kind: 'tell-at'; readonly count: number }
  | { readonly kind: 'trace'; readonly on: boolean }
  | { readonly kind: 'read' }
  | { readonly kind: 'reset' }
export type ReceiverNews =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'reached'; readonly count: number }
  | { readonly kind: 'arrived'; readonly controlId: string; readonly ms: number }
  | {
      readonly kind: 'read'
      readonly count: number
      readonly underWayMax: number
      readonly arrivals: readonly (readonly [controlId: string, ms: number])[]
    }

const headEnd = Buffer.from('\r\n\r\n')
let count = 0
let tellAt = 0
let tracing = false
let underWayMax = 0
let underWay = 0
let arrivals: [string, number][] = []
const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6
const tell = (news: ReceiverNews) => process.send?.(news)

const server = createServer((socket) => {
  socket.setNoDelay(true)
  let kept: Buffer | null = null
  let beganAt = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    if (!kept) {
      beganAt = tracing ? monotonicMs() : 0
      underWay += 1
      if (underWay > underWayMax) underWayMax = underWay
    }
    const bytes = kept ? Buffer.concat([kept, chunk]) : chunk
    kept = takeOne(socket, bytes, beganAt) ? null : bytes
    if (!kept) underWay -= 1
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  tell({ kind: 'listening', port: typeof address === 'object' && address ? address.port : 0 })
})

/** False until the whole request is there. No client here pipelines. */
function takeOne(socket: Socket, bytes: Buffer, beganAt: number): boolean {
  const bodyAt = bytes.indexOf(headEnd) + headEnd.length
  if (bodyAt < headEnd.length) return false
  const length = /content-length: (\d+)/i.exec(bytes.toString('latin1', 0, bodyAt))?.[1]
  if (bytes.length < bodyAt + Number(length ?? 0)) return false
  const fields = bytes.toString('latin1', bodyAt, Math.min(bytes.length, bodyAt + 200)).split('|', 10)
  const controlId = fields[9] ?? ''
  if (tracing) {
    arrivals.push([controlId, beganAt])
    tell({ kind: 'arrived', controlId, ms: beganAt })
  }
  const poison = bytes.indexOf('POISON-A', bodyAt)
  const code = poison < 0 ? 'AA' : bytes.toString('latin1', poison + 7, poison + 9)
  const error = code === 'AE' ? 'ERR||PID^1^3|103^^HL70357|E||||no\r' : ''
  const body = `MSH|^~\\&|SI-DEP|SI-DEP|PASSERELLE|1|20260302090000||ACK^R01^ACK|A${count}|T|2.5\rMSA|${code}|${controlId}\r${error}`
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/hl7-v2\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  count += 1
  if (count === tellAt) tell({ kind: 'reached', count })
  return true
}

process.on('message', (order: ReceiverOrder) => {
  switch (order.kind) {
    case 'tell-at':
      tellAt = order.count
      if (count >= tellAt) tell({ kind: 'reached', count })
      return
    case 'trace':
      tracing = order.on
      return
    case 'read':
      tell({ kind: 'read', count, underWayMax, arrivals })
      return
    case 'reset':
      count = 0
      underWayMax = 0
      arrivals = []
  }
})
process.on('disconnect', () => process.exit(0))
