/** What rotation, sweeping and erasure ask of the key store; serving never needs these. */
import type { NewBlock } from './key-blocks.ts'
import type { KeyBlockRow, RecordKeyRow, TenantKeyRow } from './key-store.ts'

export type RootCount = { readonly rootKid: string; readonly tenantKeys: number }
export type KeyCounts = {
  readonly roots: readonly RootCount[]
  readonly primaryTenantKeys: number
  /** Replaced by a rotation and not destroyed yet. */
  readonly replacedTenantKeys: number
  readonly keyBlocks: number
  readonly keyBlocksUnderReplaced: number
  readonly recordKeys: number
  /** In a block under a replaced tenant key, or under one itself. */
  readonly recordKeysUnderReplaced: number
  /** Stored by a release before blocks, each under a tenant key itself. */
  readonly recordKeysWithoutBlock: number
  /** Reserved and not known to be used: in a reserve, just used, or wasted by a crash. */
  readonly recordKeysUnswept: number
}

/** What still stands under an old key; nothing where a rotation is complete. */
export type KeysLeft = {
  readonly tenantKeysUnderOtherRoots: number
  /** In a block under a replaced tenant key, or under one itself. */
  readonly recordKeysUnderReplaced: number
}

/** Where a walk stands: under which tenant key, after which block or record key. */
export type KeyPlace = { readonly tenantKeyId: string; readonly after: string }

/** Every write is conditional on what it expects and says whether, or how often, it won. Lists are bounded by `limit`. */
export type KeyStoreAdmin = {
  /** Reads every record key: for a person who asks. */
  countKeys(): Promise<KeyCounts>
  countKeyBlocksUnderReplaced(): Promise<number>
  /** Cheap where little is left, so that every rewrap can end with it. */
  countLeft(primaryRootKid: string): Promise<KeysLeft>
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
  /** Blocks under any replaced tenant key, in the order of (tenant key, id), after `place`. */
  listKeyBlocksToMove(place: KeyPlace | null, limit: number): Promise<readonly KeyBlockRow[]>
  /** Moves each block from the tenant key `from`, if it still stands under it, to the one that the row names. */
  moveKeyBlocks(moves: readonly { readonly from: string; readonly row: KeyBlockRow }[]): Promise<number>
  /** The same for record keys that have no block yet. */
  listRecordKeysToMove(place: KeyPlace | null, limit: number): Promise<readonly RecordKeyRow[]>
  /** Stores the blocks and moves their members into them, each if it still has no block; gives how many members moved. */
  moveIntoBlocks(blocks: readonly NewBlock[]): Promise<number>
  /** `needed`: blocks or record keys still stand under it, or it is primary. */
  destroyTenantKey(id: string): Promise<'destroyed' | 'needed' | 'gone'>
  /** Refs not known to be used and reserved before `reservedBefore`; by age. */
  listUnswept(reservedBefore: Date, limit: number): Promise<readonly string[]>
  /** Refs seen in use by earlier sweeps, the latest first. */
  listKnownUsed(limit: number): Promise<readonly string[]>
  markUsed(refs: readonly string[], at: Date): Promise<number>
  /** Deletes record keys for good, whoever uses them, and blocks that this empties; gives the refs that were there. */
  eraseRecordKeys(refs: readonly string[]): Promise<readonly string[]>
  /** Deletes those of `refs` that are still not known to be used. */
  deleteUnused(refs: readonly string[]): Promise<number>
}
