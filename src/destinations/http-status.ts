/** What an HTTP status says of the message, before any body is read; the failure table is in this room's README. */
import type { TransportResult } from './destination.ts'

const retryAfterMaxMs = 86_400_000

export type HttpHead = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/**
 * The result that the head alone decides, or null when the body is the answer: a 2xx, and any status whose body is
 * declared to be HL7 v2 (some receivers carry their AE in a 400 and their AR in a 500).
 */
export function findVerdict({ status, headers }: HttpHead, now: Date): TransportResult | null {
  if (status >= 200 && status < 300) return null
  if (/^(application|x-application)\/hl7-v2\b/i.test(textOf(headers['content-type']))) return null
  switch (status) {
    case 429:
    case 503:
      return { kind: 'refused', code: 'busy', retryAfterMs: parseRetryAfter(textOf(headers['retry-after']), now) }
    case 401:
    case 403:
    case 407:
      return { kind: 'refused', code: 'unauthorised-sender' }
    case 413:
      return { kind: 'refused', code: 'message-too-large' }
    case 307:
    case 308:
    case 501:
    case 505:
      return { kind: 'refused', code: 'refused-for-now' }
  }
  // A 4xx says that the request was not served; it speaks of the connection, never of the declaration's content.
  if (status >= 400 && status < 500) return { kind: 'refused', code: 'refused-for-now' }
  // 301, 302, 303: a receiver may redirect after it took the message. 5xx: it may have failed after.
  return { kind: 'answer-lost', code: 'answer-unreadable' }
}

/** Milliseconds to wait by a `Retry-After` of seconds or of an HTTP date (RFC 9110 §10.2.3); undefined when it says neither. */
export function parseRetryAfter(text: string, now: Date): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1_000, retryAfterMaxMs)
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now.getTime(), 0), retryAfterMaxMs)
}

function textOf(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value.trim() : (value?.[0]?.trim() ?? '')
}
