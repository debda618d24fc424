/** Small tools of the simulator's front: reading a form, changing an answer before it leaves, answering badly. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EndpointFault } from './faults.ts'

const formBytesMax = 16_384

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > formBytesMax) throw new Error('form too large')
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

export type Rewriting = {
  /** Called with the whole body of a 200 answer. */
  readonly body?: (body: string) => Promise<string | { body: string; type: string }> | string
  readonly location?: (location: string) => string
}

/** Holds the provider's answer back until the rewriting has been applied; the provider ends each answer with one `end`. */
export function rewriteAnswer(response: ServerResponse, rewriting: Rewriting): void {
  const end = response.end.bind(response)
  response.end = ((chunk?: string | Buffer) => {
    const location = response.getHeader('location')
    if (rewriting.location && typeof location === 'string') response.setHeader('location', rewriting.location(location))
    if (!rewriting.body || response.statusCode !== 200) return end(chunk)
    void Promise.resolve(rewriting.body(String(chunk ?? ''))).then((rewritten) => {
      const { body, type } = typeof rewritten === 'string' ? { body: rewritten, type: null } : rewritten
      if (type) response.setHeader('content-type', type)
      response.setHeader('content-length', Buffer.byteLength(body))
      end(body)
    })
    return response
  }) as typeof response.end
}

export function answerBadly(response: ServerResponse, fault: EndpointFault): void {
  switch (fault) {
    case 'hang':
      return
    case 'stall':
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"half":')
      return
    case 'drop':
      response.destroy()
      return
    case 'error':
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":"temporarily_unavailable"}')
      return
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>maintenance</title>')
      return
    case 'oversized':
      response.writeHead(200, { 'content-type': 'application/json' }).end(`{"filler":"${'x'.repeat(3_000_000)}"}`)
      return
    case 'redirect':
      response.writeHead(302, { location: 'http://elsewhere.example.test/' }).end()
  }
}

export function answerHtml(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html)
}
