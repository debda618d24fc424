/** What the gateway asks of its keys: record keys for sealing and opening, and keyed digests per pharmacy. */
import type { RecordKey } from './sealed.ts'

export const keyRingProblemCodes = ['unavailable', 'unknown-key', 'bad-key'] as const
export type KeyRingProblemCode = (typeof keyRingProblemCodes)[number]

/** The ring could not give a key; `cause` is for our logs and never holds one. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError'
  readonly code: KeyRingProblemCode

  constructor(code: KeyRingProblemCode, options?: { cause?: unknown }) {
    super(`key ring: ${code}`, options)
    this.code = code
  }
}

/**
 * Errors: `KeyRingError` with code `unavailable` (the key store cannot be asked and nothing usable is cached: answer 503 and
 * store nothing), `unknown-key` (no such record key: erased, or never was) or `bad-key` (a wrapped key does not open).
 */
export type KeyRing = {
  /** An unused record key of the pharmacy, from the reserve made ahead of need. */
  takeRecordKey(pharmacyId: string): Promise<RecordKey>
  /** Fills an empty reserve ahead of the first capture, so that not even that one waits (at sign-in, at start). */
  prepareReserve(pharmacyId: string): Promise<void>
  /** The keys of these refs; a ref that has been erased is absent from the map. One look-up for all that are not cached. */
  findRecordKeys(refs: readonly string[]): Promise<ReadonlyMap<string, RecordKey>>
  /**
   * The same, for who opens each record once: read past the cache, kept nowhere, and the caller's own, to be overwritten with
   * `wipeRecordKey`. What was erased a moment ago is absent.
   */
  readRecordKeys(refs: readonly string[]): Promise<ReadonlyMap<string, RecordKey>>
  /** HMAC-SHA-256 under a key of the pharmacy derived for `purpose`: for digests that must not be guessable from a dump. */
  macForPharmacy(pharmacyId: string, purpose: MacPurpose, bytes: Uint8Array): Promise<Uint8Array>
  /** Drops cached keys of refs that have just been erased in the key store; other replicas drop theirs at the end of their term. */
  forgetRecordKeys(refs: readonly string[]): void
  close(): Promise<void>
}

export const macPurposes = ['idempotency-body', 'blind-index-identity', 'blind-index-ins'] as const
export type MacPurpose = (typeof macPurposes)[number]
