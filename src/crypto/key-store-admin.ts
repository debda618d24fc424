/** What rotation, sweeping and erasure ask of the key store; serving never needs these. */
import type { RecordKeyRow, TenantKeyRow } from './key-store.ts'

export type RootCount = { readonly rootKid: string; readonly tenantKeys: number }
export type KeyCounts = {
  readonly roots: readonly RootCount[]
  readonly primaryTenantKeys: number
  /** Replaced by a rotation and not destroyed yet. */
  readonly replacedTenantKeys: number
  readonly recordKeys: number
  readonly recordKeysUnderReplaced: number
  /** Reserved and not known to be used: in a reserve, just used, or wasted by a crash. */
  readonly recordKeysUnswept: number
}

export type RecordKeyPlace = { readonly tenantKeyId: string; readonly ref: string }

/** Every write is conditional on what it expects and says whether, or how often, it won. Lists are bounded by `limit`. */
export type KeyStoreAdmin = {
  countKeys(): Promise<KeyCounts>
  /** Tenant keys, of both purposes, that another root key than `rootKid` wraps; by id, after `afterId`. */
  listTenantKeysNotUnder(rootKid: string, afterId: string | null, limit: number): Promise<readonly TenantKeyRow[]>
  rewrapTenantKey(row: TenantKeyRow, next: { readonly wrapped: string; readonly rootKid: string }): Promise<boolean>
  /** Primary `records` keys made before `createdBefore`, of pharmacies that have no replaced key left over. */
  listTenantKeysToRotate(input: {
    readonly pharmacyId: string | null
    readonly createdBefore: Date
    readonly afterId: string | null
    readonly limit: number
  }): Promise<readonly TenantKeyRow[]>
  /** Makes each `next` primary in place of the key `oldId`, all in one transaction; gives the ids of those that won. */
  replacePrimaries(
    pairs: readonly { readonly oldId: string; readonly next: TenantKeyRow }[],
    createdAt: Date,
  ): Promise<readonly string[]>
  listReplacedTenantKeys(afterId: string | null, limit: number): Promise<readonly TenantKeyRow[]>
  /** Primary `records` keys of these pharmacies. */
  findPrimaryTenantKeys(pharmacyIds: readonly string[]): Promise<readonly TenantKeyRow[]>
  /** Record keys under any replaced tenant key, in the order of (tenant key, ref), after `after`. */
  listRecordKeysToMove(after: RecordKeyPlace | null, limit: number): Promise<readonly RecordKeyRow[]>
  /** Moves each row from the tenant key `from`, if it still stands under it, to the one that the row names. */
  moveRecordKeys(moves: readonly { readonly from: string; readonly row: RecordKeyRow }[]): Promise<number>
  /** `needed`: record keys still stand under it, or it is primary. */
  destroyTenantKey(id: string): Promise<'destroyed' | 'needed' | 'gone'>
  /** Refs not known to be used and reserved before `reservedBefore`; by age. */
  listUnswept(reservedBefore: Date, limit: number): Promise<readonly string[]>
  /** Refs seen in use by earlier sweeps, the latest first. */
  listKnownUsed(limit: number): Promise<readonly string[]>
  markUsed(refs: readonly string[], at: Date): Promise<number>
  /** Deletes record keys for good, whoever uses them; gives the refs that were there. */
  eraseRecordKeys(refs: readonly string[]): Promise<readonly string[]>
  /** Deletes those of `refs` that are still not known to be used. */
  deleteUnused(refs: readonly string[]): Promise<number>
}
