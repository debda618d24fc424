import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { KeyRing } from '../../src/crypto/key-ring.ts'
import { createJwksRootKeys, newRootKey } from '../../src/crypto/root-jwks.ts'
import type { RecordKey } from '../../src/crypto/sealed.ts'
import { openRingWorld, pharmacyA, pharmacyB, type RingWorld, watchStore } from './ring-fixture.ts'

const minute = 60_000
const hour = 60 * minute
let world: RingWorld
beforeEach(async () => {
  world = await openRingWorld()
})
afterEach(() => world.close())

const hex = (key: RecordKey | undefined) => Buffer.from(key?.bytes ?? []).toString('hex')

async function takeMany(ring: KeyRing, count: number): Promise<readonly RecordKey[]> {
  return Promise.all(Array.from({ length: count }, () => ring.takeRecordKey(pharmacyA)))
}

/** Until a refill in the background has been stored. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 400) throw new Error('this never came')
    await wait(5)
  }
}

describe('record keys', () => {
  test('what one replica takes, another finds, and no key is handed out twice', async () => {
    const [here, there] = [world.ring(), world.ring()]
    const taken = await takeMany(here, 200)
    expect(new Set(taken.map((key) => key.ref)).size).toBe(200)
    expect(new Set(taken.map(hex)).size).toBe(200)
    const found = await there.findRecordKeys(taken.map((key) => key.ref))
    for (const key of taken) expect(hex(found.get(key.ref))).toBe(hex(key))
    expect([...found.values()].every((key) => key.pharmacyId === pharmacyA)).toBe(true)
  })

  test('a key stands in the key store before it is handed out', async () => {
    const key = await world.ring().takeRecordKey(pharmacyA)
    expect(await world.store.findRecordKeys([key.ref])).toHaveLength(1)
  })

  test('nothing in the key store holds a key in the clear', async () => {
    const key = await world.ring().takeRecordKey(pharmacyA)
    const rows = await world.store.sql`select encode(wrapped, 'hex') as text from record_keys
      union all select encode(wrapped, 'hex') from key_blocks union all select wrapped from tenant_keys`
    for (const row of rows)
      for (const form of [hex(key), Buffer.from(key.bytes).toString('base64url')]) expect(row.text).not.toContain(form)
  })

  test('a capture after the first asks the key store nothing while the reserve lasts', async () => {
    const store = watchStore(world.store)
    const ring = world.ring({ store, limits: { blockMin: 64 } })
    await ring.prepareReserve(pharmacyA)
    const asked = { ...store.calls }
    for (let taken = 0; taken < 30; taken++) await ring.takeRecordKey(pharmacyA)
    expect(store.calls).toEqual(asked)
  })

  test('two replicas that both see a new pharmacy agree on one tenant key', async () => {
    const rings = Array.from({ length: 6 }, () => world.ring())
    const keys = await Promise.all(rings.map((ring) => ring.takeRecordKey(pharmacyA)))
    const [row] = await world.store.sql`select count(*)::int as keys from tenant_keys where purpose = 'records'`
    expect(row?.keys).toBe(1)
    const found = await world.ring().findRecordKeys(keys.map((key) => key.ref))
    expect(found.size).toBe(6)
  })

  test('hundreds of keys are found with one look-up, and none the second time', async () => {
    const refs = (await takeMany(world.ring(), 300)).map((key) => key.ref)
    const store = watchStore(world.store)
    const ring = world.ring({ store })
    expect((await ring.findRecordKeys(refs)).size).toBe(300)
    expect(store.calls).toEqual({ findRecordKeys: 1, findTenantKeys: 1 })
    await ring.findRecordKeys(refs)
    expect(store.calls).toEqual({ findRecordKeys: 1, findTenantKeys: 1 })
  })

  test('an erased key is absent: at once where it was erased, within five minutes elsewhere', async () => {
    const [here, there] = [world.ring(), world.ring()]
    const { ref } = await here.takeRecordKey(pharmacyA)
    await there.findRecordKeys([ref])
    await world.store.sql`delete from record_keys where ref = ${ref}`
    here.forgetRecordKeys([ref])
    expect((await here.findRecordKeys([ref])).size).toBe(0)
    world.clock.move(5 * minute)
    expect((await there.findRecordKeys([ref])).size).toBe(0)
  })

  test('a record key moved to another pharmacy or ref, or changed in one bit, is refused', async () => {
    const ring = world.ring()
    const [first, second] = await takeMany(ring, 2)
    const other = await ring.takeRecordKey(pharmacyB)
    const sql = world.store.sql
    const refused = async (ref: string) => expect(world.ring().findRecordKeys([ref])).rejects.toMatchObject({ code: 'bad-key' })
    await sql`update record_keys set wrapped = (select wrapped from record_keys where ref = ${second?.ref ?? ''}) where ref = ${first?.ref ?? ''}`
    await refused(first?.ref ?? '')
    await sql`update record_keys set pharmacy_id = ${pharmacyB} where ref = ${second?.ref ?? ''}`
    await refused(second?.ref ?? '')
    await sql`update record_keys set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where ref = ${other.ref}`
    await refused(other.ref)
  })

  test('a record key put in another block, and a block moved to another pharmacy, id or changed in one bit, are refused', async () => {
    const ring = world.ring({ limits: { blockMin: 2, blockMax: 2 } })
    const [first, , third, , fifth] = await takeMany(ring, 5)
    const sql = world.store.sql
    const blockOf = (ref = '') => sql`select block_id from record_keys where ref = ${ref}`
    const refused = async (ref = '') => expect(world.ring().findRecordKeys([ref])).rejects.toMatchObject({ code: 'bad-key' })
    expect((await world.ring().findRecordKeys([first?.ref ?? '', third?.ref ?? '', fifth?.ref ?? ''])).size).toBe(3)
    await sql`update record_keys set block_id = (${blockOf(third?.ref)}) where ref = ${first?.ref ?? ''}`
    await refused(first?.ref)
    await sql`update key_blocks set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where id = (${blockOf(third?.ref)})`
    await refused(third?.ref)
    await sql`update key_blocks set wrapped = (select wrapped from key_blocks where id = (${blockOf(third?.ref)}))
      where id = (${blockOf(fifth?.ref)})`
    await refused(fifth?.ref)
  })

  test("a tenant key put in another pharmacy's row is refused", async () => {
    const { ref } = await world.ring().takeRecordKey(pharmacyA)
    await world.ring().takeRecordKey(pharmacyB)
    const sql = world.store.sql
    await sql`update tenant_keys set wrapped = (select wrapped from tenant_keys where pharmacy_id = ${pharmacyB}) where pharmacy_id = ${pharmacyA}`
    await expect(world.ring().findRecordKeys([ref])).rejects.toMatchObject({ code: 'bad-key' })
  })

  test('a reserve key of twelve hours is not handed out: the sweeper may have taken it', async () => {
    const ring = world.ring({ limits: { blockMin: 8 } })
    await ring.takeRecordKey(pharmacyA)
    world.clock.move(12 * hour)
    const before = world.clock.now()
    const { ref } = await ring.takeRecordKey(pharmacyA)
    const [row] = await world.store.sql`select reserved_at as at from record_keys where ref = ${ref}`
    expect(row?.at).toEqual(before)
  })
})

describe('the key store is down', () => {
  test('sealing goes on from the reserve, is then refused as unavailable, and recovers by itself', async () => {
    const store = watchStore(world.store)
    const ring = world.ring({ store, limits: { blockMin: 8, blockMax: 8 } })
    await ring.prepareReserve(pharmacyA)
    store.cut = true
    const sealed = new Set<string>()
    for (let taken = 0; taken < 8; taken++) sealed.add((await ring.takeRecordKey(pharmacyA)).ref)
    expect(sealed.size).toBe(8)
    await expect(ring.takeRecordKey(pharmacyA)).rejects.toMatchObject({ name: 'KeyRingError', code: 'unavailable' })
    store.cut = false
    expect(sealed.has((await ring.takeRecordKey(pharmacyA)).ref)).toBe(false)
    expect((await world.ring().findRecordKeys([...sealed])).size).toBe(8)
  })

  test('the background refill pauses after a failure instead of asking at every capture', async () => {
    const store = watchStore(world.store)
    const ring = world.ring({ store, limits: { blockMin: 16, blockMax: 16, refillPauseMs: 1000 } })
    await ring.prepareReserve(pharmacyA)
    store.cut = true
    for (let taken = 0; taken < 9; taken++) await ring.takeRecordKey(pharmacyA)
    await until(() => store.calls.addKeyBlock === 2)
    for (let taken = 0; taken < 5; taken++) await ring.takeRecordKey(pharmacyA)
    expect(store.calls.addKeyBlock).toBe(2)
    world.clock.move(1000)
    await ring.takeRecordKey(pharmacyA)
    await until(() => store.calls.addKeyBlock === 3)
  })

  test('cached keys open for a bounded grace, and not a minute longer', async () => {
    const store = watchStore(world.store)
    const ring = world.ring({ store })
    const { ref } = await ring.takeRecordKey(pharmacyA)
    store.cut = true
    world.clock.move(5 * minute + hour - 1)
    expect((await ring.findRecordKeys([ref])).size).toBe(1)
    world.clock.move(1)
    await expect(ring.findRecordKeys([ref])).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a key never seen is unavailable, not unknown', async () => {
    const { ref } = await world.ring().takeRecordKey(pharmacyA)
    const store = watchStore(world.store)
    store.cut = true
    await expect(world.ring({ store }).findRecordKeys([ref])).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a key store that hangs is refused within the time limit', async () => {
    const { openKeyStore } = await import('../../src/storage/keystore.ts')
    const hanging = openKeyStore(world.databases.keystoreAppUrl, { timeoutMs: 200 })
    await world.store.sql.begin(async (tx) => {
      await tx`lock table tenant_keys in access exclusive mode`
      const started = performance.now()
      await expect(world.ring({ store: hanging }).takeRecordKey(pharmacyA)).rejects.toMatchObject({ code: 'unavailable' })
      expect(performance.now() - started).toBeLessThan(5000)
    })
    await hanging.close()
  })
})

describe('the root keys', () => {
  test('while they are away, tenant keys already unwrapped serve for the grace', async () => {
    let away = false
    const rootKeys = {
      ...world.rootKeys,
      unwrap: async (kid: string, wrapped: string) => {
        if (away) throw new (await import('../../src/crypto/root-keys.ts')).RootKeyError('unavailable')
        return world.rootKeys.unwrap(kid, wrapped)
      },
    }
    const { ref } = await world.ring().takeRecordKey(pharmacyA)
    const ring = world.ring({ rootKeys, limits: { recordKeyTtlMs: 1 } })
    await ring.findRecordKeys([ref])
    away = true
    world.clock.move(30 * minute)
    expect((await ring.findRecordKeys([ref])).size).toBe(1)
    world.clock.move(2 * hour)
    await expect(ring.findRecordKeys([ref])).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('a replica without the root key that wrapped answers unavailable, not wrong', async () => {
    const { ref } = await world.ring().takeRecordKey(pharmacyA)
    const rootKeys = createJwksRootKeys([newRootKey({ now: world.clock.now(), primary: true })])
    await expect(world.ring({ rootKeys }).findRecordKeys([ref])).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('digests of a pharmacy', () => {
  const bytes = Buffer.from('same bytes')
  test('are the same in every replica, and differ by pharmacy, purpose and bytes', async () => {
    const [here, there] = [world.ring(), world.ring()]
    const mac = async (ring: KeyRing, pharmacy: string, purpose: 'idempotency-body' | 'blind-index-ins', text = bytes) =>
      Buffer.from(await ring.macForPharmacy(pharmacy, purpose, text)).toString('hex')
    const first = await mac(here, pharmacyA, 'idempotency-body')
    expect(first).toHaveLength(64)
    expect(await mac(there, pharmacyA, 'idempotency-body')).toBe(first)
    expect(await mac(here, pharmacyB, 'idempotency-body')).not.toBe(first)
    expect(await mac(here, pharmacyA, 'blind-index-ins')).not.toBe(first)
    expect(await mac(here, pharmacyA, 'idempotency-body', Buffer.from('other bytes'))).not.toBe(first)
  })
})

describe('memory', () => {
  test('a key that left the cache is overwritten a minute later, and then refuses to seal', async () => {
    const { sealColumn } = await import('../../src/crypto/envelope.ts')
    const ring = world.ring({ limits: { recordKeysMax: 1, wipeEveryMs: 5 } })
    const key = await ring.takeRecordKey(pharmacyA)
    const cell = { pharmacyId: pharmacyA, table: 't', column: 'c', rowId: key.ref }
    await ring.takeRecordKey(pharmacyA)
    sealColumn(key, cell, 'still held by a request')
    world.clock.move(minute)
    await until(() => key.bytes.every((byte) => byte === 0))
    expect(() => sealColumn(key, cell, 'too late')).toThrow('wiped')
  })

  test('closing overwrites every key that the ring gave out', async () => {
    const ring = world.ring()
    const keys = await takeMany(ring, 20)
    await ring.close()
    expect(keys.every((key) => key.bytes.every((byte) => byte === 0))).toBe(true)
  })
})
