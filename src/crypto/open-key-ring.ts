/** Opens the key ring of a process: reserves for sealing, a cache for opening, both over the key store and the root keys. */
import { createHmac, hkdfSync } from 'node:crypto'
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { type NewId, randomId } from '../base/ids.ts'
import { wipeRecordKey } from './column-keys.ts'
import { openRows } from './key-blocks.ts'
import { createKeyCache } from './key-cache.ts'
import { type KeyRing, KeyRingError } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import { createReserve, type Reserve } from './reserve.ts'
import type { RootKeys } from './root-keys.ts'
import type { RecordKey } from './sealed.ts'
import { askStore, createTenantKeys, type TenantKeys } from './tenant-keys.ts'
import { encodeTuple } from './tuple.ts'

export type KeyRingDeps = {
  readonly store: KeyStore
  readonly rootKeys: RootKeys
  readonly clock: Clock
  readonly newId?: NewId
  /** Told when a reserve could not be refilled: for a log line and a metric. Must not throw. */
  readonly report?: (problem: KeyRingError) => void
}

export type KeyRingLimits = {
  readonly blockMin: number
  readonly blockMax: number
  readonly reserveAgeMaxMs: number
  readonly refillPauseMs: number
  readonly recordKeysMax: number
  readonly recordKeyTtlMs: number
  readonly tenantKeysMax: number
  readonly tenantKeyTtlMs: number
  readonly outageGraceMs: number
  readonly wipeDelayMs: number
  readonly wipeEveryMs: number
}

const minute = 60_000
const hour = 60 * minute

/** An erased record can still be opened by a replica that cached its key for `recordKeyTtlMs`, or an outage's grace. */
export const keyRingLimits: KeyRingLimits = {
  blockMin: 4,
  blockMax: 64,
  reserveAgeMaxMs: 12 * hour,
  refillPauseMs: 1000,
  recordKeysMax: 20_000,
  recordKeyTtlMs: 5 * minute,
  tenantKeysMax: 20_000,
  tenantKeyTtlMs: 10 * minute,
  outageGraceMs: hour,
  wipeDelayMs: minute,
  wipeEveryMs: 30_000,
}

/** Refs of one look-up; longer lists are pages already. */
const refsMax = 10_000
/** A record key row can name a tenant key that a rotation destroys before we read it; read again, it names the new one. */
const triesMax = 3

/** The ring. Keys come from the platform's generator, never from an argument. The caller closes the store after the ring. */
export function openKeyRing(deps: KeyRingDeps, limits: KeyRingLimits = keyRingLimits): KeyRing {
  const { store, rootKeys, clock, newId = randomId, report = () => undefined } = deps
  const shared = { graceMs: limits.outageGraceMs, wipeDelayMs: limits.wipeDelayMs }
  const tenantLimits = { ...shared, entriesMax: limits.tenantKeysMax, ttlMs: limits.tenantKeyTtlMs }
  const recordLimits = { ...shared, entriesMax: limits.recordKeysMax, ttlMs: limits.recordKeyTtlMs }
  const reserveLimits = {
    blockMin: limits.blockMin,
    blockMax: limits.blockMax,
    ageMaxMs: limits.reserveAgeMaxMs,
    pauseMs: limits.refillPauseMs,
  }
  const tenantKeys = createTenantKeys({ store, rootKeys, clock, newId }, tenantLimits)
  const cache = createKeyCache<RecordKey>(recordLimits, wipeRecordKey)
  const reserves = new Map<string, Reserve>() // one a pharmacy: bounded by the pharmacies of the configuration

  function reserveOf(pharmacyId: string): Reserve {
    const known = reserves.get(pharmacyId)
    if (known) return known
    const reserve = createReserve({ store, tenantKeys, clock, newId, report }, pharmacyId, reserveLimits)
    reserves.set(pharmacyId, reserve)
    return reserve
  }

  async function findRecordKeys(refs: readonly string[]): Promise<ReadonlyMap<string, RecordKey>> {
    assert(refs.length <= refsMax, 'too many record keys at once')
    const found = new Map<string, RecordKey>()
    const stale = new Map<string, RecordKey>()
    for (const ref of refs) {
      const cached = cache.find(ref, clock.now())
      if (cached) (cached.fresh ? found : stale).set(ref, cached.key)
    }
    const missing = [...new Set(refs)].filter((ref) => !found.has(ref))
    if (missing.length === 0) return found
    try {
      for (const key of await readRecordKeys(store, tenantKeys, missing)) {
        cache.set(key.ref, key, clock.now())
        found.set(key.ref, key)
      }
      for (const ref of missing) if (!found.has(ref)) cache.drop(ref, clock.now())
    } catch (cause) {
      const isOutage = cause instanceof KeyRingError && cause.code === 'unavailable'
      if (!isOutage || !missing.every((ref) => stale.has(ref))) throw cause
      for (const [ref, key] of stale) found.set(ref, key)
    }
    return found
  }

  function wipeExpired(): void {
    cache.wipeExpired(clock.now())
    tenantKeys.wipeExpired()
    for (const reserve of reserves.values()) reserve.wipeExpired()
  }
  const wiping = setInterval(wipeExpired, limits.wipeEveryMs).unref()

  return {
    takeRecordKey: async (pharmacyId) => {
      const key = await reserveOf(pharmacyId).take()
      cache.set(key.ref, key, clock.now())
      return key
    },
    prepareReserve: (pharmacyId) => reserveOf(pharmacyId).prepare(),
    findRecordKeys,
    readRecordKeys: async (refs) => {
      assert(refs.length <= refsMax, 'too many record keys at once')
      if (refs.length === 0) return new Map()
      return new Map((await readRecordKeys(store, tenantKeys, [...new Set(refs)])).map((key) => [key.ref, key]))
    },
    macForPharmacy: async (pharmacyId, purpose, bytes) => {
      const root = await tenantKeys.primary(pharmacyId, 'macs')
      const key = Buffer.from(hkdfSync('sha256', root.bytes, '', encodeTuple(['passerelle', 'mac-key', purpose]), 32))
      const mac = createHmac('sha256', key).update(bytes).digest()
      key.fill(0)
      return mac
    },
    forgetRecordKeys: (refs) => {
      for (const ref of refs) cache.drop(ref, clock.now())
    },
    close: async () => {
      clearInterval(wiping)
      for (const reserve of reserves.values()) await reserve.close()
      cache.wipeAll()
      tenantKeys.wipeAll()
    },
  }
}

async function readRecordKeys(store: KeyStore, tenantKeys: TenantKeys, refs: readonly string[]): Promise<readonly RecordKey[]> {
  for (let tries = 0; tries < triesMax; tries++) {
    const rows = await askStore(store.findRecordKeys(refs))
    const under = await tenantKeys.find([...new Set(rows.map((row) => row.tenantKeyId))])
    if (!rows.every((row) => under.has(row.tenantKeyId))) continue
    return openRows(under, rows).map((key) => {
      if (!key) throw new KeyRingError('bad-key')
      return key
    })
  }
  throw new KeyRingError('unavailable')
}
