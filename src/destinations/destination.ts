/** The contract between the queue and what sends: formats write bytes and read answers, transports carry them. */
import type { DeclarationDocument } from '../domain/declaration-document.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { EncodedMessage } from '../formats/format.ts'

// The format's half of the contract lives in its own room: formats must not import destinations.
export type { EncodedMessage, EncodeProblem, Format } from '../formats/format.ts'

/**
 * What carrying came to. `not-sent`: no byte of the message can have been acted upon. `answer-lost`: bytes left and no
 * usable answer came. `refused`: the far side's transport said no before the format's own answer (HTTP 429, 503 …).
 */
export type TransportResult =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly code: FailureCode; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'not-sent'; readonly code: FailureCode }
  | { readonly kind: 'answer-lost'; readonly code: FailureCode }
  | { readonly kind: 'interrupted' }

export type Transport = {
  send(message: EncodedMessage, options: { readonly signal: AbortSignal }): Promise<TransportResult>
  close(): Promise<void>
}

/** Sends one declaration and reports the outcome. `beforeSend` is awaited right before the first byte; false means: stop, not ours. */
export type Deliver = (
  document: DeclarationDocument,
  options: { readonly signal: AbortSignal; readonly beforeSend: (messageSha256: string) => Promise<boolean> },
) => Promise<Outcome>
