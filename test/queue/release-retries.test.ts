/** Retries of many, as the worker releases them: at their pace, once each, until they are stopped. */
import { randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { anyStopped } from '../../src/domain/stopped.ts'
import { releaseRetriesJob } from '../../src/queue/release-retries.ts'
import { approveBatch, type BatchRow, findBatch, insertBatch, stopBatch } from '../../src/storage/retry-batches.ts'
import { createTestDestination, withQueue } from './harness.ts'

type Queue = Parameters<Parameters<typeof withQueue>[0]>[0]

async function parkMany(q: Queue, count: number): Promise<readonly string[]> {
  const ids = await q.addDeclarations(count)
  await q.sql`update declarations set state = 'parked', code = 'retry-budget-spent', attempt_count = 9 where id = any(${ids})`
  return ids
}

const order = async (
  q: Queue,
  options: { perSecond?: number; aloneMax?: number; limit?: number; operator?: string } = {},
): Promise<BatchRow> => {
  const { perSecond = 1000, aloneMax = 1_000_000, limit = 10_000, operator = 'alix' } = options
  const batch = await q.database.forWorker((tx) =>
    insertBatch(tx, {
      id: randomUUID(),
      by: { operator },
      filter: anyStopped,
      perSecond,
      limit,
      includeDoubtful: true,
      promises: { safe: [] },
      aloneMax,
    }),
  )
  if (!batch) throw new Error('nothing was chosen')
  return batch
}

/** One release, as if `seconds` had passed since the last. */
async function releaseAfter(
  q: Queue,
  seconds: number,
  isConfigured: (destination: string) => boolean = () => true,
): Promise<Readonly<Record<string, number>>> {
  await q.sql`update retry_batches set paced_from = now() - ${seconds} * interval '1 s' where state = 'running'`
  return releaseRetriesJob({ database: q.database, clock: { now: () => new Date() }, randomBytes, isConfigured }).run(
    new AbortController().signal,
  )
}
const queued = async (q: Queue) => (await q.sql`select id from declarations where state = 'queued'`).length
const find = (q: Queue, id: string) => q.database.forWorker((tx) => findBatch(tx, id))

test('as many go back as the pace allows, a long absence is no burst, and each goes once', () =>
  withQueue(async (q) => {
    await parkMany(q, 40)
    const batch = await order(q, { perSecond: 2 })
    // The worker was away for an hour: that is not made up for.
    expect(await releaseAfter(q, 3600)).toMatchObject({ released: 20, skipped: 0 })
    expect(await queued(q)).toBe(20)
    expect(await releaseAfter(q, 3600)).toMatchObject({ released: 20, skipped: 0 })
    expect(await find(q, batch.id)).toMatchObject({ state: 'done', chosen: 40, released: 40, skipped: 0 })
    expect(await releaseAfter(q, 3600)).toMatchObject({ released: 0 })
    const events =
      await q.sql`select action, count(*)::int as count from audit_events where action in ('declaration.retry', 'retry-batch.end') group by 1 order by 1`
    expect([...events]).toEqual([
      { action: 'declaration.retry', count: 40 },
      { action: 'retry-batch.end', count: 1 },
    ])
  }))

test('a pace of one in twenty seconds releases one after twenty, and none before', () =>
  withQueue(async (q) => {
    await parkMany(q, 3)
    await order(q, { perSecond: 0.05 })
    expect(await releaseAfter(q, 0)).toMatchObject({ released: 0 })
    expect(await releaseAfter(q, 3600)).toMatchObject({ released: 1 })
  }))

test('ten workers that look at once release no more than one would', () =>
  withQueue(async (q) => {
    await parkMany(q, 30)
    const batch = await order(q, { perSecond: 0.1 })
    await q.sql`update retry_batches set paced_from = now() - interval '1 hour'`
    const job = releaseRetriesJob({
      database: q.database,
      clock: { now: () => new Date() },
      randomBytes,
      isConfigured: () => true,
    })
    await Promise.all(Array.from({ length: 10 }, () => job.run(new AbortController().signal)))
    expect(await find(q, batch.id)).toMatchObject({ released: 1, skipped: 0 })
    expect(await queued(q)).toBe(1)
  }))

test('what was sent again by hand meanwhile, and what has stopped anew since, is passed over', () =>
  withQueue(async (q) => {
    const [first = '', second = '', third = ''] = await parkMany(q, 3)
    const batch = await order(q)
    await q.sql`update declarations set state = 'queued' where id = ${first}`
    await q.sql`update declarations set epoch = epoch + 1 where id = ${second}`
    await releaseAfter(q, 10)
    expect(await find(q, batch.id)).toMatchObject({ state: 'done', released: 1, skipped: 2 })
    expect(await q.row(third)).toMatchObject({ state: 'queued', attempt_count: 0, code: 'retry-budget-spent' })
    expect(await q.row(second)).toMatchObject({ state: 'parked' })
  }))

test('once it is stopped nothing more of it goes; what had gone goes its way', () =>
  withQueue(async (q) => {
    await parkMany(q, 10)
    const batch = await order(q, { perSecond: 0.4 })
    await releaseAfter(q, 3600)
    await q.database.forWorker((tx) => stopBatch(tx, batch.id))
    await releaseAfter(q, 10)
    expect(await find(q, batch.id)).toMatchObject({ state: 'stopped', released: 4 })
    expect(await queued(q)).toBe(4)
    const destination = createTestDestination()
    await q.worker(destination).runOnce()
    expect(destination.arrivals).toHaveLength(4)
    await q.checkInvariants()
  }))

test('one that needs a second person releases nothing without, and ends after a day', () =>
  withQueue(async (q) => {
    await parkMany(q, 3)
    const batch = await order(q, { aloneMax: 2 })
    expect(batch).toMatchObject({ state: 'waiting', needsApproval: true })
    await releaseAfter(q, 10)
    expect(await queued(q)).toBe(0)
    await q.sql`update retry_batches set requested_at = now() - interval '25 hours'`
    expect(await releaseAfter(q, 10)).toMatchObject({ expired: 1 })
    expect(await find(q, batch.id)).toMatchObject({ state: 'stopped', released: 0 })
  }))

const tenOfTen = { aloneMax: 10, limit: 10 }

test('many small retries by one person are one large one: past the bound within a day each waits, and another person has a bound of their own', () =>
  withQueue(async (q) => {
    await parkMany(q, 40)
    expect(await order(q, tenOfTen)).toMatchObject({ state: 'running', chosen: 10 })
    await releaseAfter(q, 10)
    const second = await order(q, tenOfTen)
    expect(second).toMatchObject({ state: 'waiting', needsApproval: true, aloneBefore: 10 })
    expect(await order(q, { ...tenOfTen, limit: 1 })).toMatchObject({ state: 'waiting', aloneBefore: 10 })
    expect(await order(q, { ...tenOfTen, operator: 'zoe' })).toMatchObject({ state: 'running', aloneBefore: 0 })
    // What a second person let run was not chosen alone, and what was asked for a day ago is another day's.
    await q.database.forWorker((tx) => approveBatch(tx, second.id, { operator: 'zoe' }))
    expect(await order(q, tenOfTen)).toMatchObject({ state: 'waiting', aloneBefore: 10 })
    await q.sql`update retry_batches set requested_at = now() - interval '25 hours' where not needs_approval`
    expect(await order(q, tenOfTen)).toMatchObject({ state: 'running', aloneBefore: 0 })
  }))

test('asked for many times at once by one person, no more run alone than the bound', () =>
  withQueue(async (q) => {
    await parkMany(q, 20)
    const batches = await Promise.all(Array.from({ length: 8 }, () => order(q, tenOfTen)))
    expect(batches.filter((batch) => batch.state === 'running')).toHaveLength(1)
    expect(batches.filter((batch) => batch.state === 'waiting')).toHaveLength(7)
  }))

test('of a retry that was stopped only what it released counts towards the bound', () =>
  withQueue(async (q) => {
    await parkMany(q, 20)
    const first = await order(q, { ...tenOfTen, perSecond: 0.4 })
    await releaseAfter(q, 3600)
    await q.database.forWorker((tx) => stopBatch(tx, first.id))
    expect(await order(q, { ...tenOfTen, limit: 6 })).toMatchObject({ state: 'running', aloneBefore: 4 })
    expect(await order(q, { ...tenOfTen, limit: 1 })).toMatchObject({ state: 'waiting', aloneBefore: 10 })
  }))

test('what goes to a destination that left the configuration since it was asked for stays stopped, in sight, and is passed over', () =>
  withQueue(async (q) => {
    await parkMany(q, 2)
    const gone = await q.addDeclaration({ destination: 'gone' })
    await q.sql`update declarations set state = 'parked', code = 'retry-budget-spent' where id = ${gone.id}`
    const batch = await order(q)
    expect(await releaseAfter(q, 10, (id) => id !== 'gone')).toMatchObject({ released: 2, skipped: 1 })
    expect(await find(q, batch.id)).toMatchObject({ state: 'done', chosen: 3, released: 2, skipped: 1 })
    expect(await q.row(gone.id)).toMatchObject({ state: 'parked' })
  }))

test('a refused one goes under a fresh control id, and the destination takes it', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const destination = createTestDestination()
    destination.fault = () => 'refuse'
    await q.worker(destination).runOnce()
    const before = await q.row(id)
    expect(before).toMatchObject({ state: 'rejected' })
    await order(q)
    await releaseAfter(q, 10)
    destination.fault = () => null
    await q.worker(destination).runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'accepted' })
    expect(new Set(destination.arrivals.map((one) => one.controlId)).size).toBe(2)
    await q.checkInvariants()
  }))
