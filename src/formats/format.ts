/** The contract of a format: it writes a declaration as bytes, and reads the far side's answer to them. */
import type { Result } from '../base/result.ts'
import type { DeclarationDocument } from '../domain/declaration-document.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { Outcome } from '../domain/outcome.ts'

/** A message ready to leave. `bytes` are final: what is digested, sent and, on a retry, sent again. */
export type EncodedMessage = { readonly bytes: Uint8Array; readonly contentType: string; readonly controlId: string }

/** The bound of whatever leaves; receivers are known to take 600 kB. */
export const sentBytesMax = 600_000

/** `location` is a field path like `PID-3` or an XPath-like step, never a value. */
export type EncodeProblem = { readonly code: FailureCode; readonly location?: string | undefined }

export type Format = {
  /** Writes the message, or says why it must not be sent. Pure: the same document and instant give the same bytes. */
  encode(document: DeclarationDocument, writtenAt: Date): Result<EncodedMessage, EncodeProblem>
  /** Reads the far side's answer to the message of this control id. Never throws on bytes. */
  readAnswer(answer: Uint8Array, controlId: string): Outcome
}
