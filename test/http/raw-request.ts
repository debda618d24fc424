/** A request written byte by byte, for what no HTTP client would send. */
import { connect } from 'node:net'

export type RawAnswer = { readonly status: number; readonly headers: Record<string, string>; readonly body: string }

const timeoutMs = 10_000

/** Sends the text and reads until the server closes. */
export function rawRequest(port: number, text: string): Promise<RawAnswer> {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    const chunks: Buffer[] = []
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)))
    socket.on('error', failed)
    socket.on('close', () => done(parseAnswer(Buffer.concat(chunks).toString('utf8'))))
  })
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) }
}
