/** One bounded question to a key service over HTTPS: what both remote root key adapters share. */
import { RootKeyError } from './root-keys.ts'

/** `fetch` of the platform, or one with a client certificate (mTLS) that the composition root prepared. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export type KeyServiceDeps = { readonly fetch: Fetch; readonly timeoutMs?: number }

export type KeyServiceQuestion = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>> | null
  /** The one status that is an answer. */
  readonly expectedStatus: number
}

const timeoutMsDefault = 5000
/** Answers hold one wrapped key: a few kilobytes. */
const answerBytesMax = 65_536

/**
 * Asks, and gives the answer as a JSON object. Throws `RootKeyError`: `not-opened` for 400 (the service looked at what we sent and
 * refused it), `unknown-kid` for 404, `unavailable` for everything else: no answer in time, a redirect, an answer too large or
 * not JSON, no right to ask. Neither what was asked nor what was answered stands in the error.
 */
export async function askKeyService(
  deps: KeyServiceDeps,
  question: KeyServiceQuestion,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await send(deps, question)
  if (response.status !== question.expectedStatus) {
    await response.body?.cancel().catch(() => undefined)
    if (response.status === 400) throw new RootKeyError('not-opened')
    throw new RootKeyError(response.status === 404 ? 'unknown-kid' : 'unavailable')
  }
  const answer = parseObject(await readBounded(response))
  if (!answer) throw new RootKeyError('unavailable')
  return answer
}

async function send(deps: KeyServiceDeps, question: KeyServiceQuestion): Promise<Response> {
  const { method, url, headers, body } = question
  const json = body === null ? {} : { body: JSON.stringify(body) }
  const type = body === null ? {} : { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(deps.timeoutMs ?? timeoutMsDefault)
  try {
    return await deps.fetch(url, {
      method,
      headers: { accept: 'application/json', ...type, ...headers },
      redirect: 'error',
      signal,
      ...json,
    })
  } catch (cause) {
    throw new RootKeyError('unavailable', { cause })
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > answerBytesMax) throw new RootKeyError('unavailable')
      chunks.push(chunk)
    }
  } catch (cause) {
    throw cause instanceof RootKeyError ? cause : new RootKeyError('unavailable', { cause })
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Null for what is no JSON object. */
function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return null
  }
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
}

/** Bytes of canonical base64 (with padding, as both services write it); null for anything else. */
export function readBase64(value: unknown): Buffer | null {
  if (typeof value !== 'string') return null
  const bytes = Buffer.from(value, 'base64')
  return bytes.toString('base64') === value ? bytes : null
}

/** `https:` only, no query and no fragment; without a slash at the end. Throws `TypeError`: a mistake in the configuration. */
export function serviceUrl(url: string): string {
  const parsed = new URL(url)
  const plain = parsed.search === '' && parsed.hash === '' && parsed.username === '' && parsed.password === ''
  if (parsed.protocol !== 'https:' || !plain) throw new TypeError('a key service is reached by https, without query or password')
  return parsed.href.replace(/\/$/, '')
}
