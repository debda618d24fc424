/**
 * Hands a message over as a file and waits for the file that answers it, whatever store holds them. The message appears
 * under its name at once and whole (`.part`, then a rename); the answer is `CONTROLID.ack` in the folder of answers.
 */
import { assert } from '../base/assert.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import { readAcknowledgement } from '../formats/hl7v2/acknowledgement.ts'
import { findSegment } from '../formats/hl7v2/message.ts'
import { parseMessage } from '../formats/hl7v2/parse.ts'
import type { EncodedMessage, TransportResult } from './destination.ts'
import type { Gate } from './gate.ts'
import { pause, startTimeLimit, within } from './time-limit.ts'

/** An answer that cannot be read, but has not changed for so long, is all that will come. */
const quietMs = 1_000

/** Why a store could not do what was asked; `code` is what the declaration is told. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
  readonly code: FailureCode

  constructor(code: FailureCode, options?: ErrorOptions) {
    super('the store could not do it', options)
    this.code = code
  }
}

/** Two folders. Names are made here, of letters, digits and one or two dots. Every call may reject with anything. */
export type DropStore = {
  /** At most `bytesMax` bytes of the file, or null where there is none; never follows a symbolic link. */
  read(place: 'outbox' | 'answers', name: string, bytesMax: number): Promise<Uint8Array | null>
  /** Writes a file of the outbox whole, durable when this resolves; one left over under this name is replaced. */
  write(name: string, bytes: Uint8Array): Promise<void>
  /**
   * Gives a file of the outbox its final name, never over another. False: certainly not done. A rejection: nobody knows.
   * Durable when this resolves to true.
   */
  rename(from: string, to: string): Promise<boolean>
  removeAnswer(name: string): Promise<void>
}

export type DropBounds = { readonly timeoutMs: number; readonly answerBytesMax: number; readonly pollMs: number }
export type Drop = { readonly store: DropStore; readonly gate: Gate; readonly bounds: DropBounds }

/** Carries one message; never rejects. */
export async function sendByDrop(drop: Drop, message: EncodedMessage, stop: AbortSignal): Promise<TransportResult> {
  if (stop.aborted) return { kind: 'interrupted' }
  const limit = startTimeLimit(stop, drop.bounds.timeoutMs)
  try {
    if (!(await drop.gate.enter(limit.signal))) return notSent(stop)
    try {
      const handedOver = await handOver(drop, message, limit.signal)
      if (handedOver.kind === 'failed') return notSent(stop, handedOver.error)
      if (handedOver.kind === 'settled') return handedOver.result
      return await awaitAnswer(drop, message, limit.signal)
    } finally {
      drop.gate.leave()
    }
  } finally {
    limit.clear()
  }
}

type HandedOver =
  | { readonly kind: 'done' }
  | { readonly kind: 'settled'; readonly result: TransportResult }
  | { readonly kind: 'failed'; readonly error: unknown }

/** `done` as soon as the file may be there under its name; `failed` only while it certainly is not. */
async function handOver({ store, bounds }: Drop, message: EncodedMessage, signal: AbortSignal): Promise<HandedOver> {
  const names = namesOf(message)
  try {
    const earlier = await within(signal, store.read('answers', names.answer, bounds.answerBytesMax + 1))
    if (earlier !== null) {
      // The answer to an earlier attempt, which came when nobody waited any more.
      if (isFinal(earlier, message.controlId)) return { kind: 'settled', result: { kind: 'answer', bytes: earlier } }
      await within(signal, store.removeAnswer(names.answer))
    }
    const there = await within(signal, store.read('outbox', names.message, message.bytes.length + 1))
    if (there !== null) {
      // Not taken yet since an earlier attempt: the same bytes under the same name are the same message.
      if (Buffer.compare(there, message.bytes) === 0) return { kind: 'done' }
      return { kind: 'settled', result: { kind: 'answer-lost', code: 'answer-unreadable' } }
    }
    await within(signal, store.write(names.part, message.bytes))
  } catch (error) {
    return { kind: 'failed', error }
  }
  if (signal.aborted) return { kind: 'failed', error: signal.reason }
  // Commit point: a crash before this leaves a `.part` that no receiver reads; once asked for, the rename may have been done.
  try {
    const renamed = await within(signal, store.rename(names.part, names.message))
    return renamed ? { kind: 'done' } : { kind: 'failed', error: new StoreFailure('refused-for-now') }
  } catch {
    return { kind: 'done' }
  }
}

/** Looks every `pollMs` until the time is up. A look that fails is one look in vain: the message is there all the same. */
async function awaitAnswer({ store, bounds }: Drop, message: EncodedMessage, signal: AbortSignal): Promise<TransportResult> {
  const { answerBytesMax, pollMs } = bounds
  const name = namesOf(message).answer
  const quietLooks = Math.ceil(quietMs / pollMs)
  let before: Uint8Array | null = null
  let unchanged = 0
  while (!signal.aborted) {
    await pause(pollMs, signal)
    const found = await within(signal, store.read('answers', name, answerBytesMax + 1)).catch(() => null)
    if (found === null) continue
    if (found.length > answerBytesMax) return { kind: 'answer-lost', code: 'answer-too-large' }
    unchanged = before !== null && Buffer.compare(before, found) === 0 ? unchanged + 1 : 0
    before = found
    // Written in pieces by some: complete when it stays as it is and reads as an acknowledgement.
    if (unchanged >= 1 && (unchanged >= quietLooks || isAcknowledgement(found))) return { kind: 'answer', bytes: found }
  }
  return { kind: 'answer-lost', code: 'answer-lost' }
}

/** Names hold the control id and nothing else: no patient, and no way out of the folder. */
function namesOf({ controlId, contentType }: EncodedMessage) {
  assert(/^[A-Z0-9]{1,20}$/.test(controlId), 'a control id has 1 to 20 capital letters and digits')
  const message = `${controlId}.${contentType.startsWith('application/xml') ? 'xml' : 'hl7'}`
  return { message, part: `${message}.part`, answer: `${controlId}.ack` }
}

/** An AR, or what cannot be read, was the end of that attempt only. */
function isFinal(answer: Uint8Array, controlId: string): boolean {
  const { class: outcome } = readAcknowledgement(answer, controlId)
  return outcome === 'accepted' || outcome === 'permanent'
}

function isAcknowledgement(bytes: Uint8Array): boolean {
  const parsed = parseMessage(bytes)
  return parsed.ok && findSegment(parsed.value, 'MSA') !== null
}

function notSent(stop: AbortSignal, error?: unknown): TransportResult {
  if (stop.aborted) return { kind: 'interrupted' }
  const code = error instanceof StoreFailure ? error.code : 'unreachable'
  return code === 'unauthorised-sender' || code === 'refused-for-now' ? { kind: 'refused', code } : { kind: 'not-sent', code }
}
