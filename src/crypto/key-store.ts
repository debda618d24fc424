/** The key store port: where wrapped keys are kept, apart from the data that they protect. */
import type { TenantKeyPurpose } from './root-keys.ts'

export type TenantKeyRow = {
  readonly id: string
  readonly pharmacyId: string
  readonly purpose: TenantKeyPurpose
  /** What `RootKeys.wrap` gave under `rootKid`. */
  readonly wrapped: string
  readonly rootKid: string
}

/** The key of one block of record keys; a block is written once and never grows. */
export type KeyBlockRow = {
  readonly id: string
  readonly pharmacyId: string
  readonly tenantKeyId: string
  /** 60 bytes of `wrapBlockKey`. */
  readonly wrapped: Uint8Array
}

/** One record key of a new block. `wrapped`: 60 bytes of `wrapRecordKey` under the block's key. */
export type BlockMember = { readonly ref: string; readonly wrapped: Uint8Array }

export type RecordKeyRow = {
  readonly ref: string
  readonly pharmacyId: string
  /** The tenant key that wraps the block, or this key itself where `block` is null (stored by a release before blocks). */
  readonly tenantKeyId: string
  readonly wrapped: Uint8Array
  readonly block: { readonly id: string; readonly wrapped: Uint8Array } | null
}

/** What serving asks of the store. Each call is one round trip; any rejection means that the store cannot be asked. */
export type KeyStore = {
  findPrimaryTenantKey(pharmacyId: string, purpose: TenantKeyPurpose): Promise<TenantKeyRow | null>
  findTenantKeys(ids: readonly string[]): Promise<readonly TenantKeyRow[]>
  /** Adds the row as primary unless the pharmacy has one for that purpose; gives the one that stands, whoever made it. */
  addTenantKey(row: TenantKeyRow, createdAt: Date): Promise<TenantKeyRow>
  /** Adds the block with all its members, or nothing and false where its tenant key is no longer primary: a rotation came between. */
  addKeyBlock(block: KeyBlockRow, members: readonly BlockMember[], reservedAt: Date): Promise<boolean>
  findRecordKeys(refs: readonly string[]): Promise<readonly RecordKeyRow[]>
}
