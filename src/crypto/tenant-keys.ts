/** The tenant keys of a ring: made on first need, unwrapped by the root keys, cached for a term. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { createKeyCache, type KeyCacheLimits } from './key-cache.ts'
import { KeyRingError } from './key-ring.ts'
import type { KeyStore, TenantKeyRow } from './key-store.ts'
import type { RecordWrappingKey } from './record-keys.ts'
import { RootKeyError, type RootKeys, readTenantKey, type TenantKeyPurpose, writeTenantKey } from './root-keys.ts'

export type TenantKeysDeps = {
  readonly store: KeyStore
  readonly rootKeys: RootKeys
  readonly clock: Clock
  readonly newId: NewId
}

export type TenantKeys = {
  /** The key that the pharmacy uses now, made if it has none. Throws `KeyRingError`. */
  primary(pharmacyId: string, purpose: TenantKeyPurpose): Promise<RecordWrappingKey>
  /** After a rotation elsewhere: the next `primary` asks the store. */
  forgetPrimary(pharmacyId: string, purpose: TenantKeyPurpose): void
  /** The keys of these ids; one that the store no longer has is absent. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, RecordWrappingKey>>
  wipeExpired(): void
  wipeAll(): void
}

export function createTenantKeys(deps: TenantKeysDeps, limits: KeyCacheLimits): TenantKeys {
  const cache = createKeyCache<RecordWrappingKey>(limits, (key) => key.bytes.fill(0))
  const primaries = new Map<string, string>() // pharmacy and purpose → id; bounded by the cache that it points into
  const asking = new Map<string, Promise<RecordWrappingKey>>()

  async function primary(pharmacyId: string, purpose: TenantKeyPurpose): Promise<RecordWrappingKey> {
    const name = `${purpose} ${pharmacyId}`
    const cached = cache.find(primaries.get(name) ?? '', deps.clock.now())
    if (cached?.fresh) return cached.key
    const asked = asking.get(name) ?? askPrimary(name, pharmacyId, purpose)
    try {
      return await asked
    } catch (cause) {
      if (cached && cause instanceof KeyRingError && cause.code === 'unavailable') return cached.key
      throw cause
    }
  }

  function askPrimary(name: string, pharmacyId: string, purpose: TenantKeyPurpose): Promise<RecordWrappingKey> {
    const asked = findOrMake(pharmacyId, purpose)
      .then((key) => {
        if (primaries.size > 2 * limits.entriesMax) primaries.clear()
        primaries.set(name, key.id)
        return key
      })
      .finally(() => asking.delete(name))
    asking.set(name, asked)
    return asked
  }

  async function findOrMake(pharmacyId: string, purpose: TenantKeyPurpose): Promise<RecordWrappingKey> {
    const row = await askStore(deps.store.findPrimaryTenantKey(pharmacyId, purpose))
    if (row) return open(row)
    const made = { id: deps.newId(), pharmacyId, purpose, bytes: randomBytes(32) }
    const { wrapped, kid } = await askRoot(deps.rootKeys.wrap(writeTenantKey(made)))
    // Another replica may have been first: the row that stands is the key, and ours is thrown away.
    const standing = await askStore(deps.store.addTenantKey({ ...made, wrapped, rootKid: kid }, deps.clock.now()))
    if (standing.id !== made.id) made.bytes.fill(0)
    return standing.id === made.id ? remember(made) : open(standing)
  }

  async function find(ids: readonly string[]): Promise<ReadonlyMap<string, RecordWrappingKey>> {
    const found = new Map<string, RecordWrappingKey>()
    const stale = new Map<string, RecordWrappingKey>()
    for (const id of ids) {
      const cached = cache.find(id, deps.clock.now())
      if (cached) (cached.fresh ? found : stale).set(id, cached.key)
    }
    const missing = ids.filter((id) => !found.has(id))
    if (missing.length === 0) return found
    try {
      for (const row of await askStore(deps.store.findTenantKeys(missing))) found.set(row.id, await open(row))
    } catch (cause) {
      if (!(cause instanceof KeyRingError) || cause.code !== 'unavailable') throw cause
      for (const id of missing) {
        const key = found.get(id) ?? stale.get(id)
        if (!key) throw cause
        found.set(id, key)
      }
    }
    return found
  }

  async function open(row: TenantKeyRow): Promise<RecordWrappingKey> {
    const cached = cache.find(row.id, deps.clock.now())
    if (cached?.fresh) return cached.key
    const payload = await askRoot(deps.rootKeys.unwrap(row.rootKid, row.wrapped))
    const bytes = readTenantKey(payload, row)
    payload.fill(0)
    if (!bytes) throw new KeyRingError('bad-key')
    return remember({ id: row.id, bytes })
  }

  function remember(key: RecordWrappingKey): RecordWrappingKey {
    cache.set(key.id, key, deps.clock.now())
    return key
  }

  return {
    primary,
    find,
    forgetPrimary: (pharmacyId, purpose) => void primaries.delete(`${purpose} ${pharmacyId}`),
    wipeExpired: () => cache.wipeExpired(deps.clock.now()),
    wipeAll: () => cache.wipeAll(),
  }
}

/** Whatever the store rejects with, the answer to the ring's user is the same: ask again later. */
export async function askStore<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (cause) {
    throw new KeyRingError('unavailable', { cause })
  }
}

/** A root key that this process was not given yet counts as unavailable: another replica got the new file first. */
async function askRoot<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked
  } catch (cause) {
    if (!(cause instanceof RootKeyError)) throw cause
    throw new KeyRingError(cause.code === 'not-opened' ? 'bad-key' : 'unavailable', { cause })
  }
}
