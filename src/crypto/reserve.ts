/** The reserve of one pharmacy: record keys stored ahead of need, so that a capture waits for no key store. */
import { addMs, type Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { wipeRecordKey } from './column-keys.ts'
import { makeBlock } from './key-blocks.ts'
import { KeyRingError } from './key-ring.ts'
import type { KeyStore } from './key-store.ts'
import { newRecordKey } from './record-keys.ts'
import type { RecordKey } from './sealed.ts'
import { askStore, type TenantKeys } from './tenant-keys.ts'

export type ReserveLimits = {
  /** Keys of the first block; each following one doubles, up to `blockMax`. */
  readonly blockMin: number
  readonly blockMax: number
  /** A key reserved longer ago is not handed out any more: the sweeper may delete it later (see sweep.ts). */
  readonly ageMaxMs: number
  /** After a refill that failed, the next one in the background waits this long. */
  readonly pauseMs: number
}

export type ReserveDeps = {
  readonly store: KeyStore
  readonly tenantKeys: TenantKeys
  readonly clock: Clock
  readonly newId: NewId
  /** Told of every refill that failed. */
  readonly report: (problem: KeyRingError) => void
}

export type Reserve = {
  take(): Promise<RecordKey>
  /** Fills an empty reserve. */
  prepare(): Promise<void>
  wipeExpired(): void
  /** Waits for a refill on its way, then overwrites what is left. */
  close(): Promise<void>
}

/** A rotation can come between finding the tenant key and storing under it; twice in a row it does not. */
const triesMax = 3
const takeTriesMax = 1000
type Reserved = { readonly key: RecordKey; readonly at: Date }

export function createReserve(deps: ReserveDeps, pharmacyId: string, limits: ReserveLimits): Reserve {
  let reserved: Reserved[] = []
  let block = limits.blockMin
  let refilling: Promise<void> | null = null
  let pausedUntil = new Date(0)

  async function take(): Promise<RecordKey> {
    wipeExpired()
    // Many callers may share one small first block: those left over wait for the next, larger one.
    for (let tries = 0; reserved.length === 0 && tries < takeTriesMax; tries++) {
      await refill()
      wipeExpired() // a refill that took long may bring keys that are too old already
    }
    const next = reserved.shift()
    if (!next) throw new KeyRingError('unavailable')
    if (reserved.length <= block / 2 && deps.clock.now() >= pausedUntil) void refill().catch(() => undefined)
    return next.key
  }

  function refill(): Promise<void> {
    refilling ??= addBlock()
      .catch((cause: unknown) => {
        pausedUntil = addMs(deps.clock.now(), limits.pauseMs)
        if (cause instanceof KeyRingError) deps.report(cause)
        throw cause
      })
      .finally(() => {
        refilling = null
      })
    return refilling
  }

  async function addBlock(): Promise<void> {
    for (let tries = 0; tries < triesMax; tries++) {
      const under = await deps.tenantKeys.primary(pharmacyId, 'records')
      const at = deps.clock.now()
      const keys = Array.from({ length: block }, () => newRecordKey(pharmacyId, deps.newId()))
      const made = makeBlock(under, deps.newId(), keys)
      // Commit point: stored before the first use. If we die on the next line the block is wasted, and swept later.
      if (await askStore(deps.store.addKeyBlock(made.block, made.members, at))) {
        reserved.push(...keys.map((key) => ({ key, at })))
        block = Math.min(block * 2, limits.blockMax)
        return
      }
      keys.forEach(wipeRecordKey)
      deps.tenantKeys.forgetPrimary(pharmacyId, 'records')
    }
    throw new KeyRingError('unavailable')
  }

  function wipeExpired(): void {
    const oldest = reserved[0]
    if (!oldest || deps.clock.now() < addMs(oldest.at, limits.ageMaxMs)) return
    const expired = reserved.filter(({ at }) => deps.clock.now() >= addMs(at, limits.ageMaxMs))
    reserved = reserved.slice(expired.length)
    for (const { key } of expired) wipeRecordKey(key)
    block = limits.blockMin // a quiet pharmacy wastes few
  }

  return {
    take,
    wipeExpired,
    prepare: async () => {
      if (reserved.length === 0) await refill()
    },
    close: async () => {
      await refilling?.catch(() => undefined)
      for (const { key } of reserved) wipeRecordKey(key)
      reserved = []
    },
  }
}
