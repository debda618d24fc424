/** Online rotation of tenant keys, and the rewrap that follows it or a change of root key: driven by what the key store holds. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { KeyStore, RecordKeyRow, TenantKeyRow } from './key-store.ts'
import type { KeyCounts, KeyStoreAdmin } from './key-store-admin.ts'
import { type RecordWrappingKey, unwrapRecordKey, wrapRecordKey } from './record-keys.ts'
import { type RootKeys, readTenantKey, writeTenantKey } from './root-keys.ts'

export type RotationDeps = {
  readonly store: KeyStore
  readonly admin: KeyStoreAdmin
  readonly rootKeys: RootKeys
  readonly clock: Clock
  readonly newId: NewId
}

export type RotationProgress = {
  readonly step: 'rotate-tenant-keys' | 'rewrap-tenant-keys' | 'rewrap-record-keys' | 'destroy-tenant-keys'
  readonly done: number
  /** Null where the total is not counted ahead. */
  readonly total: number | null
}
export type RotationOptions = {
  readonly onProgress?: (progress: RotationProgress) => void
  /** Stops between two batches; what was done stays, and the next run goes on from there. */
  readonly signal?: AbortSignal
  readonly batchRows?: number
}

export class RotationError extends Error {
  override readonly name = 'RotationError'
  readonly code: 'bad-key' | 'never-ends'
  /** Id of a tenant key or ref of a record key. */
  readonly keyId: string

  constructor(code: 'bad-key' | 'never-ends', keyId: string) {
    super(`rotation: ${code} at ${keyId}`)
    this.code = code
    this.keyId = keyId
  }
}

const listMax = 500
/** About 1 MB a statement: large enough to spread the cost of a round trip, short enough to hold no lock for long. */
const batchRowsDefault = 5000
const batchesMax = 1_000_000
/** Tenant keys rewrapped side by side: a key service answers in tens of milliseconds. */
const rootCallsMax = 8

/**
 * Gives each pharmacy (or one) a new tenant key for what is sealed from now on. A pharmacy whose last rotation is not rewrapped
 * yet is passed over, so that a run cut off and started again rotates nothing twice. Returns how many were rotated.
 */
export async function rotateTenantKeys(
  deps: RotationDeps,
  input: { readonly pharmacyId?: string | null } & RotationOptions = {},
): Promise<{ readonly rotated: number }> {
  const { admin, rootKeys, clock, newId } = deps
  const createdBefore = clock.now()
  let rotated = 0
  let afterId: string | null = null
  for (let batch = 0; batch < batchesMax && !input.signal?.aborted; batch++) {
    const query = { pharmacyId: input.pharmacyId ?? null, createdBefore, afterId, limit: listMax }
    const rows: readonly TenantKeyRow[] = await admin.listTenantKeysToRotate(query)
    for (const row of rows) {
      if (input.signal?.aborted) break
      const key = { id: newId(), pharmacyId: row.pharmacyId, purpose: row.purpose, bytes: randomBytes(32) }
      const { wrapped, kid } = await rootKeys.wrap(writeTenantKey(key))
      key.bytes.fill(0)
      // Commit point: from here new record keys go under the new key; the old one goes on opening what it wrapped.
      if (await admin.replacePrimary(row.id, { ...key, wrapped, rootKid: kid }, clock.now())) rotated++
      input.onProgress?.({ step: 'rotate-tenant-keys', done: rotated, total: null })
    }
    afterId = rows.at(-1)?.id ?? null
    if (rows.length < listMax) break
  }
  return { rotated }
}

export type RewrapReport = {
  readonly tenantKeys: number
  readonly recordKeys: number
  /** Counted in the key store afterwards: all zero when nothing is left under an old key. */
  readonly left: { readonly tenantKeysUnderOtherRoots: number; readonly recordKeysUnderReplaced: number }
}

/** Wraps every tenant key under the primary root key, and every record key under its pharmacy's primary tenant key. */
export async function rewrap(deps: RotationDeps, options: RotationOptions = {}): Promise<RewrapReport> {
  const tenantKeys = await rewrapTenantKeys(deps, options)
  const recordKeys = await rewrapRecordKeys(deps, options)
  const [counts, primaryKid] = await Promise.all([deps.admin.countKeys(), deps.rootKeys.primaryKid()])
  const elsewhere = counts.roots.filter((root) => root.rootKid !== primaryKid)
  const left = {
    tenantKeysUnderOtherRoots: elsewhere.reduce((sum, root) => sum + root.tenantKeys, 0),
    recordKeysUnderReplaced: counts.recordKeysUnderReplaced,
  }
  return { tenantKeys, recordKeys, left }
}

async function rewrapTenantKeys(deps: RotationDeps, options: RotationOptions): Promise<number> {
  const primaryKid = await deps.rootKeys.primaryKid()
  let done = 0
  let afterId: string | null = null
  for (let batch = 0; batch < batchesMax && !options.signal?.aborted; batch++) {
    const rows: readonly TenantKeyRow[] = await deps.admin.listTenantKeysNotUnder(primaryKid, afterId, rootCallsMax)
    const won = await Promise.all(rows.map((row) => rewrapTenantKey(deps, row)))
    done += won.filter(Boolean).length
    if (rows.length > 0) options.onProgress?.({ step: 'rewrap-tenant-keys', done, total: null })
    if (rows.length < rootCallsMax) break
    afterId = rows.at(-1)?.id ?? null
  }
  return done
}

async function rewrapTenantKey(deps: RotationDeps, row: TenantKeyRow): Promise<boolean> {
  const key = await openTenantKey(deps.rootKeys, row)
  const { wrapped, kid } = await deps.rootKeys.wrap(writeTenantKey({ ...row, bytes: key.bytes }))
  key.bytes.fill(0)
  return deps.admin.rewrapTenantKey(row, { wrapped, rootKid: kid })
}

async function rewrapRecordKeys(deps: RotationDeps, options: RotationOptions): Promise<number> {
  const total = (await deps.admin.countKeys()).recordKeysUnderReplaced
  let done = 0
  let afterId: string | null = null
  for (let batch = 0; batch < batchesMax && !options.signal?.aborted; batch++) {
    const replaced: readonly TenantKeyRow[] = await deps.admin.listReplacedTenantKeys(afterId, listMax)
    for (const row of replaced) {
      await emptyTenantKey(deps, row, options, (moved) => {
        done += moved
        options.onProgress?.({ step: 'rewrap-record-keys', done, total })
      })
    }
    if (replaced.length < listMax) break
    afterId = replaced.at(-1)?.id ?? null
  }
  return done
}

/** Moves all record keys from under one replaced tenant key. The next batch is read while the last one is written. */
async function emptyTenantKey(
  deps: RotationDeps,
  old: TenantKeyRow,
  options: RotationOptions,
  onMoved: (rows: number) => void,
): Promise<void> {
  const { admin, store, rootKeys } = deps
  const limit = options.batchRows ?? batchRowsDefault
  let rows: readonly RecordKeyRow[] = await admin.listRecordKeysUnder(old.id, null, limit)
  if (rows.length === 0) return
  const primary = await store.findPrimaryTenantKey(old.pharmacyId, 'records')
  if (!primary || primary.id === old.id) throw new RotationError('bad-key', old.id)
  const [from, to] = await Promise.all([openTenantKey(rootKeys, old), openTenantKey(rootKeys, primary)])
  let writing: Promise<void> = Promise.resolve()
  try {
    for (let batch = 0; rows.length > 0 && !options.signal?.aborted; batch++) {
      if (batch >= batchesMax) throw new RotationError('never-ends', old.id)
      const last = rows.at(-1)?.ref ?? null
      const reading = rows.length < limit ? [] : admin.listRecordKeysUnder(old.id, last, limit)
      const moved = rows.map((row) => rewrapRecordKey(from, to, row))
      await writing
      // Commit point of each batch: every row stands under the old key or under the new one, and opens either way.
      writing = admin.moveRecordKeys(old.id, moved).then(onMoved)
      // Its failure is met at the next `await writing`; said here so that reading can fail first without an unhandled one.
      writing.catch(() => undefined)
      rows = await reading
    }
  } finally {
    await writing
    from.bytes.fill(0)
    to.bytes.fill(0)
  }
}

function rewrapRecordKey(from: RecordWrappingKey, to: RecordWrappingKey, row: RecordKeyRow): RecordKeyRow {
  const key = unwrapRecordKey(from, row)
  if (!key) throw new RotationError('bad-key', row.ref)
  const wrapped = wrapRecordKey(to, key)
  key.bytes.fill(0)
  return { ...row, tenantKeyId: to.id, wrapped }
}

/** Destroys replaced tenant keys that no record key needs any more; the others are counted, and left. */
export async function destroyReplacedKeys(
  deps: Pick<RotationDeps, 'admin'>,
  options: RotationOptions = {},
): Promise<{ readonly destroyed: number; readonly needed: number }> {
  let destroyed = 0
  let needed = 0
  let afterId: string | null = null
  for (let batch = 0; batch < batchesMax && !options.signal?.aborted; batch++) {
    const rows: readonly TenantKeyRow[] = await deps.admin.listReplacedTenantKeys(afterId, listMax)
    for (const row of rows) {
      const outcome = await deps.admin.destroyTenantKey(row.id)
      if (outcome === 'destroyed') destroyed++
      if (outcome === 'needed') needed++
      options.onProgress?.({ step: 'destroy-tenant-keys', done: destroyed, total: null })
    }
    if (rows.length < listMax) break
    afterId = rows.at(-1)?.id ?? null
  }
  return { destroyed, needed }
}

export type KeysStatus = KeyCounts & { readonly primaryRootKid: string }

/** What stands under which key, counted in the key store. */
export async function keysStatus(deps: Pick<RotationDeps, 'admin' | 'rootKeys'>): Promise<KeysStatus> {
  const [counts, primaryRootKid] = await Promise.all([deps.admin.countKeys(), deps.rootKeys.primaryKid()])
  return { ...counts, primaryRootKid }
}

async function openTenantKey(rootKeys: RootKeys, row: TenantKeyRow): Promise<RecordWrappingKey & { readonly bytes: Buffer }> {
  const payload = await rootKeys.unwrap(row.rootKid, row.wrapped)
  const bytes = readTenantKey(payload, row)
  payload.fill(0)
  if (!bytes) throw new RotationError('bad-key', row.id)
  return { id: row.id, bytes }
}
