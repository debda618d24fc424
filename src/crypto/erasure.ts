/** Erasure: deleting a record key makes every copy of that record unreadable, in backups of the main database too. */
import { assert } from '../base/assert.ts'
import type { KeyRing } from './key-ring.ts'
import type { KeyStoreAdmin } from './key-store-admin.ts'

export type ErasureDeps = {
  readonly admin: Pick<KeyStoreAdmin, 'eraseRecordKeys'>
  readonly ring: Pick<KeyRing, 'forgetRecordKeys'> | null
}
export type ErasureReport = {
  readonly erased: readonly string[]
  /** No key was there: erased before, or never used. */
  readonly alreadyGone: readonly string[]
}

const batchRows = 1000
/** All versions of all screenings of one person, with room to spare. */
const refsMax = 100_000

/**
 * Deletes the keys of these records. Run again after a crash it ends the work: what is gone is reported, and nothing comes back.
 * Other replicas that opened a record lately drop its key at the end of their cache's term (`keyRingLimits.recordKeyTtlMs`).
 */
export async function eraseRecords(deps: ErasureDeps, refs: readonly string[]): Promise<ErasureReport> {
  assert(refs.length <= refsMax, 'too many records to erase at once')
  const wanted = [...new Set(refs)]
  const erased = new Set<string>()
  for (let from = 0; from < wanted.length; from += batchRows) {
    const batch = wanted.slice(from, from + batchRows)
    // Commit point: from here these records open nowhere any more.
    for (const ref of await deps.admin.eraseRecordKeys(batch)) erased.add(ref)
    deps.ring?.forgetRecordKeys(batch)
  }
  return { erased: [...erased], alreadyGone: wanted.filter((ref) => !erased.has(ref)) }
}
