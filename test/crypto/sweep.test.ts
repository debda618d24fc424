import { afterEach, beforeEach, expect, test } from 'vitest'
import { sweepAgeMs, sweepUnused } from '../../src/crypto/sweep.ts'
import { createKeyStoreAdmin } from '../../src/storage/keystore-admin.ts'
import { openRingWorld, pharmacyA, type RingWorld } from './ring-fixture.ts'

let world: RingWorld
beforeEach(async () => {
  world = await openRingWorld()
})
afterEach(() => world.close())

async function takeRefs(count: number): Promise<readonly string[]> {
  const ring = world.ring()
  const refs: string[] = []
  for (let taken = 0; taken < count; taken++) refs.push((await ring.takeRecordKey(pharmacyA)).ref)
  await ring.close()
  return refs
}

const sweep = (rowsOfMain: readonly string[], options = {}) =>
  sweepUnused(
    {
      admin: createKeyStoreAdmin(world.store.sql),
      clock: world.clock,
      listUsedRefs: async (refs) => new Set(refs.filter((ref) => rowsOfMain.includes(ref))),
    },
    options,
  )
const countKeys = async () => (await createKeyStoreAdmin(world.store.sql).countKeys()).recordKeys

test('a key reserved and never used is deleted after two days, one in use is marked and kept', async () => {
  const used = await takeRefs(10)
  const all = await countKeys()
  world.clock.move(sweepAgeMs + 1)
  expect(await sweep(used)).toEqual({ used: 10, deleted: all - 10, refused: false })
  expect(await countKeys()).toBe(10)
  expect(await sweep(used)).toEqual({ used: 0, deleted: 0, refused: false })
})

test('a key younger than two days is never touched: a capture may be on its way', async () => {
  await takeRefs(3)
  const all = await countKeys()
  world.clock.move(sweepAgeMs)
  expect(await sweep([])).toEqual({ used: 0, deleted: 0, refused: false })
  expect(await countKeys()).toBe(all)
})

test('against an old copy of the main database nothing is deleted unless told so', async () => {
  const used = await takeRefs(20)
  world.clock.move(sweepAgeMs + 1)
  await sweep(used)
  const newer = await takeRefs(5)
  world.clock.move(sweepAgeMs + 1)
  const all = await countKeys()
  expect(await sweep(used.slice(0, 10))).toEqual({ used: 0, deleted: 0, refused: true })
  expect(await countKeys()).toBe(all)
  expect((await sweep(used.slice(0, 10), { evenIfSuspicious: true })).deleted).toBe(all - 20)
  expect(newer).toHaveLength(5)
})

test('against an empty main database nothing is deleted, though no key was ever known to be used', async () => {
  await takeRefs(50)
  const all = await countKeys()
  world.clock.move(sweepAgeMs + 1)
  expect(await sweep([])).toMatchObject({ deleted: 0, refused: true })
  expect(await countKeys()).toBe(all)
})
