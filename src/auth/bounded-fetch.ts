/** The only way from this room to the network: hosts of an allow-list, no redirects, answers of bounded size. */
export type Fetch = (url: string, options: RequestInit) => Promise<Response>

/** Pro Santé Connect's largest real answers (UserInfo, JWKS) are below 20 kB. */
export const answerBytesMax = 1_000_000

export type PscCallCode = 'host-not-allowed' | 'unreachable' | 'answer-too-large' | 'redirected'

/** A call that was not made, or whose answer cannot be used; the message is the code. */
export class PscCallError extends Error {
  override readonly name = 'PscCallError'
  readonly code: PscCallCode

  constructor(code: PscCallCode, options?: { cause?: unknown }) {
    super(code, options)
    this.code = code
  }
}

/**
 * Wraps `fetch`: reads the whole body while the caller's signal still counts, so that a slow body ends in time too.
 * Throws `PscCallError`, or the signal's own reason.
 */
export function boundFetch(fetch: Fetch, allowedHosts: ReadonlySet<string>): Fetch {
  return async (url, options) => {
    if (!allowedHosts.has(new URL(url).host)) throw new PscCallError('host-not-allowed')
    try {
      const answer = await fetch(url, { ...options, redirect: 'manual' })
      if (answer.status >= 300 && answer.status < 400) throw new PscCallError('redirected')
      const body = await readBody(answer)
      return new Response(body.length > 0 ? body : null, { status: answer.status, headers: answer.headers })
    } catch (cause) {
      if (cause instanceof PscCallError || options.signal?.aborted) throw cause
      throw new PscCallError('unreachable', { cause })
    }
  }
}

async function readBody(answer: Response): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the stream, so that the rest is not even received.
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > answerBytesMax) throw new PscCallError('answer-too-large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
