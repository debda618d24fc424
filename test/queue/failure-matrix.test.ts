/** Rows of the failure matrix (`src/queue/README.md`) that no other file has: where it dies, and what is true afterwards. */
import { sql } from 'drizzle-orm'
import { afterEach, expect, test, vi } from 'vitest'
import { GatewayError } from '../../src/domain/errors.ts'
import type { Database } from '../../src/storage/database.ts'
import { createTestDestination, eventually, type TestQueue, withQueue } from './harness.ts'

/** The queue's database, of which the connection dies under the first transaction that marks this row, before its commit or after. */
function dyingAtTheMark(
  q: TestQueue,
  id: string,
  when: 'before its commit' | 'after its commit',
): Database & { died(): boolean } {
  let died = false
  const isSent = async () => (await q.row(id)).state === 'sent'
  const dying: Database & { died(): boolean } = {
    ...q.database,
    died: () => died,
    // With its commit apart, so that something can come between.
    forWorkerAtOnce: (run) => dying.forWorker(run),
    forWorker: async (run) => {
      const wasSent = died || (await isSent())
      const value = await q.database.forWorker(async (tx) => {
        const done = await run(tx)
        const [row] = await tx.execute<{ state: string }>(sql`select state from declarations where id = ${id}`)
        if (!wasSent && row?.state === 'sent' && when === 'before its commit') {
          died = true
          await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`)
        }
        return done
      })
      if (!died && !wasSent && (await isSent())) {
        died = true
        throw new GatewayError('unavailable') // committed, and nobody heard of it
      }
      return value
    },
  }
  return dying
}

for (const when of ['before its commit', 'after its commit'] as const)
  test(`PostgreSQL, during the mark, ${when}: nothing is sent, it goes back uncounted, and is sent once when all is well`, () =>
    withQueue(async (q) => {
      const destination = createTestDestination()
      const { id, controlId } = await q.addDeclaration()
      const database = dyingAtTheMark(q, id, when)
      await q.worker(destination, { deps: { database } }).runOnce()
      expect(database.died()).toBe(true)
      expect(destination.arrivals).toEqual([])
      expect(await q.row(id)).toMatchObject({ state: 'queued', attempt_count: 0 })
      await q.makeDue()
      await q.worker(destination).runOnce()
      expect(await q.row(id)).toMatchObject({ state: 'accepted', attempt_count: 1 })
      expect(destination.effects).toEqual([controlId])
      await q.checkInvariants()
    }))

test('request lost: it cannot be told from a lost answer, so it is parked and not sent again without the promise', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    destination.fault = () => 'lose-request'
    const { id } = await q.addDeclaration()
    const worker = q.worker(destination)
    await worker.runOnce()
    destination.fault = () => null
    await q.makeDue()
    await worker.runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'parked', code: 'answer-lost' })
    expect(destination.arrivals).toEqual([])
    await q.checkInvariants()
  }))

test('request lost: it is sent again under the same control id where the destination promises to know it', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ deduplicates: 'control-id' })
    destination.fault = () => 'lose-request'
    const { id, controlId } = await q.addDeclaration()
    const worker = q.worker(destination)
    await worker.runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'queued', code: 'answer-lost' })
    destination.fault = () => null
    await q.makeDue()
    await worker.runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'accepted', attempt_count: 2 })
    expect(destination.arrivals.map((one) => one.controlId)).toEqual([controlId])
    await q.checkInvariants()
  }))

for (const [deduplicates, ends] of [
  ['none', { state: 'parked', arrivals: 1, receipts: 0 }],
  ['control-id', { state: 'accepted', arrivals: 2, receipts: 1 }],
] as const)
  test(`worker suspended past its lease, promise ${deduplicates}: it wakes with an answer in hand and changes nothing; the end is ${ends.state}`, () =>
    withQueue(async (q) => {
      const destination = createTestDestination({ deduplicates })
      let wake: () => void = () => undefined
      destination.onArrival = () =>
        new Promise((done) => {
          wake = done
        })
      const { id, controlId } = await q.addDeclaration()
      const zombie = q.worker(destination).runOnce()
      await eventually('it was sent', () => destination.arrivals.length === 1)
      await q.expireLeases()
      destination.onArrival = () => undefined
      const other = q.worker(destination)
      await other.runOnce()
      await q.makeDue()
      await other.runOnce()
      const before = await q.row(id)
      expect(before).toMatchObject({ state: ends.state })
      wake()
      await zombie
      expect(await q.row(id)).toEqual(before)
      expect(q.events.leaseLost.map((claim) => claim.id)).toEqual([id])
      expect(destination.arrivals).toHaveLength(ends.arrivals)
      expect(destination.effects).toEqual([controlId])
      expect(await q.count('receipts')).toBe(ends.receipts)
      await q.checkInvariants()
    }))

/** What PostgreSQL says where a table cannot grow; a full disk under its log ends it instead, which is a restart. */
async function whileDiskIsFullFor(q: TestQueue, table: 'attempts' | 'receipts', run: () => Promise<unknown>): Promise<void> {
  await q.sql.unsafe(`
    create function no_room() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file: no space left on device' using errcode = '53100'; end $$;
    create trigger no_room before insert on ${table} for each row execute function no_room()`)
  await run().finally(() => q.sql.unsafe(`drop trigger no_room on ${table}; drop function no_room()`))
}

test('PostgreSQL’s disk is full, during the mark: nothing is sent, it goes back uncounted, and is sent once when there is room', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const { id, controlId } = await q.addDeclaration()
    await whileDiskIsFullFor(q, 'attempts', () => q.worker(destination).runOnce())
    expect(destination.arrivals).toEqual([])
    expect(await q.row(id)).toMatchObject({ state: 'queued', epoch: '1', attempt_count: 0 })
    await q.makeDue()
    await q.worker(destination).runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'accepted', attempt_count: 1 })
    expect(destination.effects).toEqual([controlId])
    await q.checkInvariants()
  }))

test('PostgreSQL’s disk is full, between answer and settlement: the answer in hand is settled when there is room, and nothing is sent twice', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const { id, controlId } = await q.addDeclaration()
    let running: Promise<unknown> = Promise.resolve()
    await whileDiskIsFullFor(q, 'receipts', async () => {
      running = q.worker(destination).runOnce()
      await eventually('it could not be written, twice', () => q.events.failed.length > 1)
      expect(await q.row(id)).toMatchObject({ state: 'sent' })
      expect(await q.count('receipts')).toBe(0)
    })
    await running
    expect(await q.row(id)).toMatchObject({ state: 'accepted', attempt_count: 1 })
    expect(destination.arrivals.map((one) => one.controlId)).toEqual([controlId])
    await q.checkInvariants()
  }))

afterEach(() => void vi.useRealTimers())

for (const [way, hours] of [
  ['fast', 1],
  ['slow', -1],
] as const)
  test(`a worker whose clock is an hour ${way}: it sends what is due and nothing before, and leaves a lease that runs to its holder`, () =>
    withQueue(async (q) => {
      const destination = createTestDestination()
      const due = await q.addDeclaration()
      const later = await q.addDeclaration()
      await q.sql`update declarations set due_at = now() + interval '20 minutes' where id = ${later.id}`
      const held = await q.addDeclaration()
      await q.sql`update declarations set state = 'claimed', epoch = 1, attempt_count = 1, claimed_by = 'another',
        lease_until = now() + interval '20 minutes' where id = ${held.id}`
      const expired = await q.addDeclaration()
      await q.sql`update declarations set state = 'claimed', epoch = 1, attempt_count = 1, claimed_by = 'another',
        lease_until = now() - interval '20 minutes' where id = ${expired.id}`
      await q.sql`insert into claimed_sets (declaration_ids, leased_until) values (${[held.id, expired.id]}, now() - interval '20 minutes')`
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
      const worker = q.worker(destination)
      await worker.runOnce()
      await worker.runOnce()
      expect(new Set(destination.arrivals.map((one) => one.controlId))).toEqual(new Set([due.controlId, expired.controlId]))
      expect(await q.row(later.id)).toMatchObject({ state: 'queued', attempt_count: 0 })
      expect(await q.row(held.id)).toMatchObject({ state: 'claimed', epoch: '1', claimed_by: 'another' })
      const [off] =
        await q.sql`select count(*)::int as count from receipts where abs(extract(epoch from received_at - now())) > 60`
      expect(off?.['count']).toBe(0)
      await q.checkInvariants()
    }))
