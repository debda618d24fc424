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

export type RecordKeyRow = {
  readonly ref: string
  readonly pharmacyId: string
  readonly tenantKeyId: string
  /** 60 bytes of `wrapRecordKey`. */
  readonly wrapped: Uint8Array
}

/** What serving asks of the store. Each call is one round trip; any rejection means that the store cannot be asked. */
export type KeyStore = {
  findPrimaryTenantKey(pharmacyId: string, purpose: TenantKeyPurpose): Promise<TenantKeyRow | null>
  findTenantKeys(ids: readonly string[]): Promise<readonly TenantKeyRow[]>
  /** Adds the row as primary unless the pharmacy has one for that purpose; gives the one that stands, whoever made it. */
  addTenantKey(row: TenantKeyRow, createdAt: Date): Promise<TenantKeyRow>
  /** Adds all rows, or none and false where their tenant key is no longer primary: a rotation came between. */
  addRecordKeys(rows: readonly [RecordKeyRow, ...RecordKeyRow[]], reservedAt: Date): Promise<boolean>
  findRecordKeys(refs: readonly string[]): Promise<readonly RecordKeyRow[]>
}
