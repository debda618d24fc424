/** Online rotation of tenant keys, and the rewrap that follows it or a change of root key: driven by what the key store holds. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { makeBlock, type NewBlock, openRows } from './key-blocks.ts'
import type { KeyBlockRow, KeyStore, RecordKeyRow, TenantKeyRow } from './key-store.ts'
import type { KeyCounts, KeyPlace, KeyStoreAdmin, KeysLeft } from './key-store-admin.ts'
import { type RecordWrappingKey, unwrapBlockKey, wrapBlockKeys } from './record-keys.ts'
import { type RootKeys, readTenantKey, writeTenantKey } from './root-keys.ts'

export type RotationDeps = {
  readonly store: KeyStore
  readonly admin: KeyStoreAdmin
  readonly rootKeys: RootKeys
  readonly clock: Clock
  readonly newId: NewId
}

export type RotationProgress = {
  readonly step: 'rotate-tenant-keys' | 'rewrap-tenant-keys' | 'rewrap-blocks' | 'rewrap-record-keys' | 'destroy-tenant-keys'
  readonly done: number
  /** Null where the total is not counted ahead. */
  readonly total: number | null
}
export type RotationOptions = {
  readonly onProgress?: (progress: RotationProgress) => void
  /** Stops between two batches; what was done stays, and the next run goes on from there. */
  readonly signal?: AbortSignal
  readonly batchRows?: number
  /** Rests between batches, so that captures keep the machine: no faster than this, and at work a quarter of the time at most. */
  readonly pace?: { readonly rowsPerSecond: number; readonly wait: (ms: number) => Promise<unknown> }
}

export class RotationError extends Error {
  override readonly name = 'RotationError'
  readonly code: 'bad-key' | 'never-ends'
  /** Id of a tenant key or block, or ref of a record key. */
  readonly keyId: string

  constructor(code: 'bad-key' | 'never-ends', keyId: string) {
    super(`rotation: ${code} at ${keyId}`)
    this.code = code
    this.keyId = keyId
  }
}

const listMax = 500
/** Some tens of milliseconds a batch: enough to spread the cost of a round trip, too short for a capture to notice. */
const batchRowsDefault = 500
/** As the last blocks of a busy pharmacy's reserve. */
const membersMax = 64
const batchesMax = 1_000_000
/**
 * Blocks a second. With fifteen record keys a block a million take a minute and a half, at a twelfth of the time of two cores
 * (0.25 ms a block, of which the database takes a third): captures that saturate both keep more than nine tenths of theirs. The
 * rests grow on a machine that is slower or busy with others.
 */
export const rewrapRowsPerSecond = 700
const restFactorMin = 3
const openedMax = 2000
/** Tenant keys opened or rewrapped side by side: a key service answers in tens of milliseconds. */
const rootCallsMax = 16

/**
 * Gives each pharmacy (or one) a new tenant key for what is sealed from now on. A pharmacy whose last rotation is not rewrapped
 * yet is passed over, so that a run cut off and started again rotates nothing twice. Returns how many were rotated.
 */
export async function rotateTenantKeys(
  deps: RotationDeps,
  input: { readonly pharmacyId?: string | null } & RotationOptions = {},
): Promise<{ readonly rotated: number }> {
  const { admin, clock } = deps
  const createdBefore = clock.now()
  let rotated = 0
  let afterId: string | null = null
  for (let batch = 0; batch < batchesMax && !input.signal?.aborted; batch++) {
    const query = { pharmacyId: input.pharmacyId ?? null, createdBefore, afterId, limit: rootCallsMax }
    const rows: readonly TenantKeyRow[] = await admin.listTenantKeysToRotate(query)
    const pairs = await Promise.all(rows.map(async (row) => ({ oldId: row.id, next: await makeNext(deps, row) })))
    // Commit point: from here new record keys go under the new keys; the old ones go on opening what they wrapped.
    if (pairs.length > 0) rotated += (await admin.replacePrimaries(pairs, clock.now())).length
    input.onProgress?.({ step: 'rotate-tenant-keys', done: rotated, total: null })
    afterId = rows.at(-1)?.id ?? null
    if (rows.length < rootCallsMax) break
  }
  return { rotated }
}

async function makeNext(deps: RotationDeps, old: TenantKeyRow): Promise<TenantKeyRow> {
  const key = { id: deps.newId(), pharmacyId: old.pharmacyId, purpose: old.purpose, bytes: randomBytes(32) }
  const { wrapped, kid } = await deps.rootKeys.wrap(writeTenantKey(key))
  key.bytes.fill(0)
  return { id: key.id, pharmacyId: key.pharmacyId, purpose: key.purpose, wrapped, rootKid: kid }
}

export type RewrapReport = {
  readonly tenantKeys: number
  readonly keyBlocks: number
  /** Those that had no block and have one now. */
  readonly recordKeys: number
  /** Counted in the key store afterwards: all zero when nothing is left under an old key. */
  readonly left: KeysLeft
}

/**
 * Wraps every tenant key under the primary root key, and every block of record keys under its pharmacy's primary tenant key.
 * Record keys of a release before blocks are moved into blocks on the way.
 */
export async function rewrap(deps: RotationDeps, options: RotationOptions = {}): Promise<RewrapReport> {
  const tenantKeys = await rewrapTenantKeys(deps, options)
  const keyBlocks = await rewrapKeyBlocks(deps, options)
  const recordKeys = await fillBlocks(deps, options)
  const left = await deps.admin.countLeft(await deps.rootKeys.primaryKid())
  return { tenantKeys, keyBlocks, recordKeys, left }
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

async function rewrapKeyBlocks(deps: RotationDeps, options: RotationOptions): Promise<number> {
  const total = await deps.admin.countKeyBlocksUnderReplaced()
  const onDone = (done: number) => options.onProgress?.({ step: 'rewrap-blocks', done, total })
  return walkBatches(deps, options, {
    onDone,
    list: deps.admin.listKeyBlocksToMove,
    placeOf: (row) => ({ tenantKeyId: row.tenantKeyId, after: row.id }),
    // Commit point of each batch: every block stands under the old key or under the new one, and opens either way.
    move: async (keys, rows) => deps.admin.moveKeyBlocks(rewrapBatch(keys, rows)),
  })
}

async function fillBlocks(deps: RotationDeps, options: RotationOptions): Promise<number> {
  const onDone = (done: number) => options.onProgress?.({ step: 'rewrap-record-keys', done, total: null })
  return walkBatches(deps, options, {
    onDone,
    list: deps.admin.listRecordKeysToMove,
    placeOf: (row) => ({ tenantKeyId: row.tenantKeyId, after: row.ref }),
    move: async (keys, rows) => deps.admin.moveIntoBlocks(blocksOf(deps, keys, rows)),
  })
}

type Movable = { readonly tenantKeyId: string; readonly pharmacyId: string }
type Walk<Found extends Movable> = {
  readonly list: (place: KeyPlace | null, limit: number) => Promise<readonly Found[]>
  readonly placeOf: (row: Found) => KeyPlace
  readonly move: (keys: OpenedKeys, rows: readonly Found[]) => Promise<number>
  readonly onDone: (done: number) => void
}

/** Batches run across pharmacies; gives how many rows moved. */
async function walkBatches<Found extends Movable>(
  deps: RotationDeps,
  options: RotationOptions,
  walk: Walk<Found>,
): Promise<number> {
  const limit = options.batchRows ?? batchRowsDefault
  const keys = openedKeys(deps)
  let done = 0
  let place: KeyPlace | null = null
  try {
    for (let batch = 0; !options.signal?.aborted; batch++) {
      const startedAt = deps.clock.now().getTime()
      const rows = await walk.list(place, limit)
      const last = rows.at(-1)
      if (!last) break
      if (batch >= batchesMax) throw new RotationError('never-ends', last.tenantKeyId)
      await keys.load(new Set(rows.map((row) => row.tenantKeyId)), new Set(rows.map((row) => row.pharmacyId)))
      done += await walk.move(keys, rows)
      walk.onDone(done)
      if (rows.length < limit) break
      place = walk.placeOf(last)
      await rest(options, { rows: rows.length, workedMs: deps.clock.now().getTime() - startedAt })
    }
  } finally {
    keys.wipe()
  }
  return done
}

async function rest({ pace }: RotationOptions, batch: { readonly rows: number; readonly workedMs: number }): Promise<void> {
  if (!pace) return
  const dueMs = (batch.rows * 1000) / pace.rowsPerSecond - batch.workedMs
  await pace.wait(Math.max(dueMs, restFactorMin * batch.workedMs))
}

type OpenedKeys = {
  /** The tenant keys of these ids, and the primary ones of these pharmacies. */
  load(ids: ReadonlySet<string>, pharmacyIds: ReadonlySet<string>): Promise<void>
  byId(id: string): RecordWrappingKey
  primaryOf(pharmacyId: string): RecordWrappingKey
  wipe(): void
}

/** Opened tenant keys of the batches at hand: rows come in the order of their old key, so that few are needed at a time. */
function openedKeys(deps: RotationDeps): OpenedKeys {
  const byId = new Map<string, RecordWrappingKey & { readonly bytes: Buffer }>()
  const primaries = new Map<string, RecordWrappingKey>()
  const wipe = () => {
    for (const key of byId.values()) key.bytes.fill(0)
    byId.clear()
    primaries.clear()
  }
  return {
    wipe,
    load: async (ids, pharmacyIds) => {
      if (byId.size > openedMax) wipe()
      const absent = [...ids].filter((id) => !byId.has(id))
      const without = [...pharmacyIds].filter((id) => !primaries.has(id))
      if (absent.length + without.length === 0) return
      const [old, next] = await Promise.all([deps.store.findTenantKeys(absent), deps.admin.findPrimaryTenantKeys(without)])
      const closed = [...old, ...next].filter((row) => !byId.has(row.id))
      for (let from = 0; from < closed.length; from += rootCallsMax) {
        const keys = await Promise.all(closed.slice(from, from + rootCallsMax).map((row) => openTenantKey(deps.rootKeys, row)))
        for (const key of keys) byId.set(key.id, key)
      }
      for (const row of next) primaries.set(row.pharmacyId, getKey(byId, row.id))
    },
    byId: (id) => getKey(byId, id),
    primaryOf: (pharmacyId) => getKey(primaries, pharmacyId),
  }
}

function getKey(keys: ReadonlyMap<string, RecordWrappingKey>, id: string): RecordWrappingKey {
  const key = keys.get(id)
  if (!key) throw new RotationError('bad-key', id)
  return key
}

function rewrapBatch(keys: OpenedKeys, rows: readonly KeyBlockRow[]): Array<{ from: string; row: KeyBlockRow }> {
  const pairs = rows.map((row) => {
    const key = unwrapBlockKey(keys.byId(row.tenantKeyId), row)
    if (!key) throw new RotationError('bad-key', row.id)
    return { under: keys.primaryOf(row.pharmacyId), key }
  })
  const wrapped = wrapBlockKeys(pairs)
  for (const { key } of pairs) key.bytes.fill(0)
  return rows.map((row, index) => {
    const next = { ...row, tenantKeyId: pairs[index]?.under.id ?? '', wrapped: wrapped[index] ?? Buffer.alloc(0) }
    return { from: row.tenantKeyId, row: next }
  })
}

function blocksOf(deps: RotationDeps, keys: OpenedKeys, rows: readonly RecordKeyRow[]): readonly NewBlock[] {
  const under = new Map(rows.map((row) => [row.tenantKeyId, keys.byId(row.tenantKeyId)]))
  const opened = openRows(under, rows).map((key, index) => {
    if (!key) throw new RotationError('bad-key', rows[index]?.ref ?? '')
    return key
  })
  const made: NewBlock[] = []
  for (const [pharmacyId, members] of Map.groupBy(opened, (key) => key.pharmacyId)) {
    for (let from = 0; from < members.length; from += membersMax)
      made.push(makeBlock(keys.primaryOf(pharmacyId), deps.newId(), members.slice(from, from + membersMax)))
  }
  for (const key of opened) key.bytes.fill(0)
  return made
}

/** Destroys replaced tenant keys that no block and no record key needs any more; the others are counted, and left. */
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
