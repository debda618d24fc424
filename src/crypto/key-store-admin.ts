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
  replacePrimary(oldId: string, next: TenantKeyRow, createdAt: Date): Promise<boolean>
  listReplacedTenantKeys(afterId: string | null, limit: number): Promise<readonly TenantKeyRow[]>
  listRecordKeysUnder(tenantKeyId: string, afterRef: string | null, limit: number): Promise<readonly RecordKeyRow[]>
  moveRecordKeys(fromTenantKeyId: string, rows: readonly RecordKeyRow[]): Promise<number>
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
