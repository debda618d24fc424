/** The contract between the queue and what sends: formats write bytes and read answers, transports carry them. */
import type { Result } from '../base/result.ts'
import type { DeclarationDocument } from '../domain/declaration-document.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { Outcome } from '../domain/outcome.ts'

/** A message ready to leave. `bytes` are final: what is digested, sent and, on a retry, sent again. */
export type EncodedMessage = { readonly bytes: Uint8Array; readonly contentType: string; readonly controlId: string }

export type EncodeProblem = { readonly code: FailureCode; readonly location?: string | undefined }

export type Format = {
  /** Writes the message, or says why it must not be sent. Pure: the same document and instant give the same bytes. */
  encode(document: DeclarationDocument, writtenAt: Date): Result<EncodedMessage, EncodeProblem>
  /** Reads the far side's answer to the message of this control id. Never throws on bytes. */
  readAnswer(answer: Uint8Array, controlId: string): Outcome
}

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
