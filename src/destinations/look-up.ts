/** Asks a destination whether it holds a message, by its control id; an answer that is not plainly one is taken for none. */
import { Pool } from 'undici'
import type { HttpsTransportSettings, LookUpSettings } from '../domain/destination-settings.ts'
import { sha256Hex } from '../formats/digest.ts'
import { createEgress } from './egress.ts'
import { readTlsOptions } from './tls-options.ts'

/**
 * `held`: the proof is the answer itself. `not-held`: it may be sent (again). `unclear`: no answer in time, one about another message,
 * one that says that it holds other bytes than ours, or none that can be read: nobody knows.
 */
export type LookUpAnswer =
  | { readonly kind: 'held'; readonly reference: string | null; readonly answerSha256: string }
  | { readonly kind: 'not-held' }
  | { readonly kind: 'unclear' }

export type LookUp = {
  /** `digests`: SHA-256 of what was sent under this control id. Never rejects. */
  ask(question: { readonly controlId: string; readonly digests: readonly string[] }, signal: AbortSignal): Promise<LookUpAnswer>
  close(): Promise<void>
}

const answerBytesMax = 16_384
const connectionsMax = 2
const unclear: LookUpAnswer = { kind: 'unclear' }

/** On the transport's own host, under its own trust and identity; opens nothing on the network yet. */
export function openLookUp(transport: HttpsTransportSettings, settings: LookUpSettings): LookUp {
  const url = new URL(transport.url)
  const egress = createEgress(transport.privateNetworks)
  egress.ensureHost(url.hostname)
  const { timeoutMs } = settings
  const connect = { ...readTlsOptions(transport), lookup: egress.lookup, timeout: timeoutMs }
  const pool = new Pool(url.origin, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect,
  })
  return {
    ask: async (question, signal) => {
      try {
        const path = `${settings.path}${question.controlId}`
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
        const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'Passerelle' }
        const { statusCode, body } = await pool.request({ path, method: 'GET', headers, signal: bounded })
        const bytes = await readBounded(body)
        return statusCode === 200 && bytes !== null ? readAnswer(bytes, question) : unclear
      } catch {
        return unclear // unreachable, too slow, cut off: the declaration waits, and it is asked again
      }
    },
    close: () => pool.close(),
  }
}

async function readBounded(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > answerBytesMax) {
      body.destroy()
      return null
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** `{"controlId", "held": false}`, or `{"controlId", "held": true, "messageSha256", "reference"?}`; anything else is unclear. */
export function readAnswer(
  bytes: Uint8Array,
  { controlId, digests }: { readonly controlId: string; readonly digests: readonly string[] },
): LookUpAnswer {
  const said = parseObject(bytes)
  if (said?.['controlId'] !== controlId) return unclear
  if (said['held'] === false) return { kind: 'not-held' }
  // It holds something under our id: ours only where it is our bytes.
  if (said['held'] !== true || typeof said['messageSha256'] !== 'string' || !digests.includes(said['messageSha256']))
    return unclear
  const reference = said['reference'] ?? null
  if (reference !== null && !(typeof reference === 'string' && /^[\x21-\x7e]{1,100}$/.test(reference))) return unclear
  return { kind: 'held', reference, answerSha256: sha256Hex(bytes) }
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
