/** Sets of claims: each row that is held is named by one until a rescue need not look for it any more. */
import { expect, test } from 'vitest'
import { createClaimedSets } from '../../src/queue/claimed-sets.ts'
import type { Claim } from '../../src/storage/queries.ts'
import { claimDue, claimExpired, extendLeases } from '../../src/storage/queries.ts'
import { createTestDestination, eventually, openAll, type TestQueue, withQueue } from './harness.ts'

const of = (set: number, count: number) => Array.from({ length: count }, () => ({ set }) as Claim)

test('a set has ended when each of its claims has, is told once, and not at all where one was left to its lease', async () => {
  const sets = createClaimedSets()
  sets.began([...of(1, 2), ...of(2, 2)])
  await sets.follow(of(1, 1), Promise.resolve())
  expect(sets.takeEnded()).toEqual([])
  await sets.follow(of(2, 1), Promise.reject(new Error('ours'))).catch(() => undefined)
  await Promise.all([sets.follow(of(1, 1), Promise.resolve()), sets.follow(of(2, 1), Promise.resolve())])
  expect(sets.takeEnded()).toEqual([1])
  expect(sets.takeEnded()).toEqual([])
})

const nobody = '00000000-0000-0000-0000-000000000000'
const leaseMs = 60_000
const claimAs = async (q: TestQueue, worker: string) => {
  const turn = { worker, leaseMs, destination: 'sidep', limit: 10, turnAfter: nobody, endedSets: [] }
  return (await q.database.forWorker((tx) => claimDue(tx, turn))).claims
}
const rescueAs = (q: TestQueue, limit = 200) =>
  q.database.forWorker((tx) => claimExpired(tx, { worker: 'rescuer', leaseMs, limit, graceMs: 0 }))
const setsOf = async (q: TestQueue) => {
  const rows = await q.sql<{ ids: string[]; runs: boolean }[]>`
    select declaration_ids as ids, leased_until > now() as runs from claimed_sets order by id`
  return rows.map(({ ids, runs }) => ({ ids: ids.toSorted(), runs }))
}

test('what is claimed together is one set, forgotten with the first claim after the last of it was settled', () =>
  withQueue(async (q) => {
    const ids = await q.addDeclarations(3)
    const worker = q.worker(createTestDestination())
    await worker.runOnce()
    expect(await setsOf(q)).toEqual([{ ids: ids.toSorted(), runs: true }])
    await worker.runOnce()
    expect(await setsOf(q)).toEqual([])
  }))

test('what is given back ends a set too', () =>
  withQueue(async (q) => {
    const ids = await q.addDeclarations(2)
    let away = true
    const worker = q.worker(createTestDestination(), {
      deps: { openForSending: async (claims) => (away ? Promise.reject(new Error('away')) : openAll(claims)) },
    })
    await worker.runOnce()
    expect(await setsOf(q)).toEqual([{ ids: ids.toSorted(), runs: true }])
    away = false
    await worker.runOnce() // a pause after what went wrong
    await worker.runOnce()
    expect(await setsOf(q)).toHaveLength(1) // its own
    expect(await q.count('receipts')).toBe(2)
    await worker.runOnce()
    expect(await setsOf(q)).toEqual([])
  }))

test('a set of which nothing is held is forgotten by the rescue that looks at it, which takes nothing', () =>
  withQueue(async (q) => {
    await q.addDeclarations(2)
    await q.worker(createTestDestination()).runOnce()
    expect(await rescueAs(q)).toEqual([])
    expect(await setsOf(q)).toHaveLength(1)
    await q.expireLeases()
    expect(await rescueAs(q)).toEqual([])
    expect(await setsOf(q)).toEqual([])
    await q.checkInvariants()
  }))

test('a lease that was prolonged is left to its holder, and its set is looked at again when it runs out', () =>
  withQueue(async (q) => {
    const ids = await q.addDeclarations(2)
    const claims = await claimAs(q, 'slow')
    await q.expireLeases()
    const [first] = claims
    if (!first) throw new Error('nothing was claimed')
    await q.database.forWorker((tx) => extendLeases(tx, [first], leaseMs))
    expect((await rescueAs(q)).map(({ id }) => id)).toEqual(ids.filter((id) => id !== first.id))
    expect(await setsOf(q)).toEqual([
      { ids: ids.toSorted(), runs: true },
      { ids: ids.filter((id) => id !== first.id), runs: true },
    ])
    await q.checkInvariants()
    expect(await rescueAs(q)).toEqual([])
    await q.expireLeases()
    expect((await rescueAs(q)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
  }))

test('what is being written while its set is looked at stays in the set', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    await claimAs(q, 'dead')
    await q.expireLeases()
    const held = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const writer = q.sql.begin(async (tx) => {
      await tx`select from declarations where id = ${id} for update`
      locked.resolve()
      await held.promise
    })
    await locked.promise
    expect(await rescueAs(q)).toEqual([])
    expect(await setsOf(q)).toEqual([{ ids: [id], runs: false }])
    held.resolve()
    await writer
    expect((await rescueAs(q)).map((row) => row.id)).toEqual([id])
    expect(await setsOf(q)).toEqual([{ ids: [id], runs: true }])
  }))

test('more than one rescue takes at once is left for the next, and two at a time take each row once', () =>
  withQueue(async (q) => {
    const ids = await q.addDeclarations(9)
    await claimAs(q, 'dead')
    await q.expireLeases()
    const taken = (await rescueAs(q, 4)).map(({ id }) => id)
    expect(taken).toHaveLength(4)
    await q.checkInvariants()
    await eventually('all are taken over', async () => {
      taken.push(...(await Promise.all([rescueAs(q, 3), rescueAs(q, 3)])).flat().map(({ id }) => id))
      return taken.length >= ids.length
    })
    expect(taken.toSorted()).toEqual(ids.toSorted())
    await q.checkInvariants()
  }))
