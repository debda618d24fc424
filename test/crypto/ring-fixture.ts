/** A key ring over a real key store database, with a clock that the test moves and a store that the test can cut off. */
import { inject } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import type { KeyStore } from '../../src/crypto/key-store.ts'
import { type KeyRingLimits, keyRingLimits, openKeyRing } from '../../src/crypto/open-key-ring.ts'
import { createJwksRootKeys, newRootKey, type RootKey } from '../../src/crypto/root-jwks.ts'
import type { RootKeys } from '../../src/crypto/root-keys.ts'
import { type OpenedKeyStore, openKeyStore } from '../../src/storage/keystore.ts'
import { createTestDatabases, type TestDatabases } from '../support/database.ts'

export const pharmacyA = 'a0000000-0000-4000-8000-000000000001'
export const pharmacyB = 'b0000000-0000-4000-8000-000000000002'

export type RingWorld = {
  readonly databases: TestDatabases
  readonly store: OpenedKeyStore
  readonly clock: Clock & { move(ms: number): void }
  readonly rootKey: RootKey
  readonly rootKeys: RootKeys
  /** Opens one more ring, as another replica would; closed with the world. */
  ring(overrides?: { limits?: Partial<KeyRingLimits>; rootKeys?: RootKeys; store?: KeyStore }): KeyRing
  close(): Promise<void>
}

export async function openRingWorld(): Promise<RingWorld> {
  const databases = await createTestDatabases(inject('postgresSuperUrl'))
  const store = openKeyStore(databases.keystoreAppUrl)
  const rings: KeyRing[] = []
  let now = Date.parse('2026-03-02T08:00:00Z')
  const move = (ms: number) => {
    now += ms
  }
  const clock = { now: () => new Date(now), move }
  const rootKey = newRootKey({ now: clock.now(), primary: true })
  const rootKeys = createJwksRootKeys([rootKey])
  return {
    databases,
    store,
    clock,
    rootKey,
    rootKeys,
    ring: (overrides = {}) => {
      const ring = openKeyRing(
        { store: overrides.store ?? store, rootKeys: overrides.rootKeys ?? rootKeys, clock },
        { ...keyRingLimits, ...overrides.limits },
      )
      rings.push(ring)
      return ring
    },
    close: async () => {
      for (const ring of rings) await ring.close()
      await store.close()
      await databases.drop()
    },
  }
}

/** Passes every call on, counts it, and rejects all while `cut`. */
export function watchStore(store: KeyStore): KeyStore & { cut: boolean; calls: Record<string, number> } {
  const calls: Record<string, number> = {}
  const watched = { cut: false, calls }
  const through = <Args extends unknown[], Answer>(name: string, call: (...args: Args) => Promise<Answer>) => {
    return async (...args: Args): Promise<Answer> => {
      calls[name] = (calls[name] ?? 0) + 1
      if (watched.cut) throw new Error('the key store is away')
      return call(...args)
    }
  }
  return Object.assign(watched, {
    findPrimaryTenantKey: through('findPrimaryTenantKey', store.findPrimaryTenantKey),
    findTenantKeys: through('findTenantKeys', store.findTenantKeys),
    addTenantKey: through('addTenantKey', store.addTenantKey),
    addKeyBlock: through('addKeyBlock', store.addKeyBlock),
    findRecordKeys: through('findRecordKeys', store.findRecordKeys),
  })
}
