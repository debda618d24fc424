/** A bounded cache of keys: least recently used out first, each with a term, overwritten a little after it has left. */
import { addMs } from '../base/clock.ts'

export type KeyCacheLimits = {
  readonly entriesMax: number
  /** How long an entry is fresh: after that the store is asked again. */
  readonly ttlMs: number
  /** How much longer it may serve while the store cannot be asked. */
  readonly graceMs: number
  /**
   * Between leaving the cache and being overwritten: far longer than any request holds a key, so that nobody seals under a key
   * turned to zeros while they held it (which column-keys.ts refuses in any case).
   */
  readonly wipeDelayMs: number
}

export type KeyCache<Key> = {
  /** Null when not there, or past its grace. */
  find(id: string, now: Date): { readonly key: Key; readonly fresh: boolean } | null
  set(id: string, key: Key, now: Date): void
  drop(id: string, now: Date): void
  /** Drops what is past its grace and overwrites what left long enough ago. */
  wipeExpired(now: Date): void
  wipeAll(): void
}

export function createKeyCache<Key>(limits: KeyCacheLimits, wipe: (key: Key) => void): KeyCache<Key> {
  const entries = new Map<string, { readonly key: Key; readonly at: Date }>() // in order of use, oldest first
  let leaving: Array<{ readonly key: Key; readonly at: Date }> = []
  const isDead = (at: Date, now: Date) => now >= addMs(at, limits.ttlMs + limits.graceMs)

  function drop(id: string, now: Date): void {
    const entry = entries.get(id)
    if (!entry) return
    entries.delete(id)
    leaving.push({ key: entry.key, at: now })
  }

  return {
    drop,
    find(id, now) {
      const entry = entries.get(id)
      if (!entry || isDead(entry.at, now)) return null
      entries.delete(id)
      entries.set(id, entry)
      return { key: entry.key, fresh: now < addMs(entry.at, limits.ttlMs) }
    },
    set(id, key, now) {
      if (entries.get(id)?.key !== key) drop(id, now)
      entries.delete(id)
      entries.set(id, { key, at: now })
      for (const oldest of entries.keys()) {
        if (entries.size <= limits.entriesMax) break
        drop(oldest, now)
      }
    },
    wipeExpired(now) {
      for (const [id, entry] of entries) if (isDead(entry.at, now)) drop(id, now)
      const isDue = (left: { at: Date }) => now >= addMs(left.at, limits.wipeDelayMs)
      for (const left of leaving) if (isDue(left)) wipe(left.key)
      leaving = leaving.filter((left) => !isDue(left))
    },
    wipeAll() {
      for (const { key } of [...entries.values(), ...leaving]) wipe(key)
      entries.clear()
      leaving = []
    },
  }
}
