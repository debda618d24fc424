/** Faults of our own with one row: the others go their way, it is tried again without haste, and the log says why. */
import { expect, test } from 'vitest'
import { claimDue, markSent } from '../../src/storage/queries.ts'
import { createTestDestination, eventually, type TestQueue, withQueue } from './harness.ts'

/** PostgreSQL refuses what `condition` names, from now on. */
async function refuse(q: TestQueue, on: string, condition: string): Promise<void> {
  await refuseNoMore(q)
  await q.sql.unsafe(`create function refuse_row() returns trigger language plpgsql as
    $$ begin if ${condition} then raise 'refused by the test'; end if; return new; end $$`)
  await q.sql.unsafe(`create trigger refuse_row before ${on} for each row execute function refuse_row()`)
}
const refuseNoMore = (q: TestQueue) => q.sql.unsafe('drop function if exists refuse_row cascade')

test('a set that cannot be marked is marked row by row: one that is refused keeps none of the others, and waits before it is tried again', () =>
  withQueue(async (q) => {
    const bad = await q.addDeclaration()
    const others = await q.addDeclarations(10)
    await refuse(q, 'insert on attempts', `new.declaration_id = '${bad.id}'`)
    const destination = createTestDestination()
    const worker = q.worker(destination, { settings: { pollMs: 100 } })
    await worker.start()
    await eventually('the others are accepted', async () => (await q.count('receipts')) === others.length)
    await eventually('it was given back', async () => (await q.row(bad.id)).state === 'queued')
    expect(destination.arrivals).toHaveLength(others.length)
    expect(q.events.failed).toContain('mark')
    const [row] =
      await q.sql`select epoch::int, attempt_count, due_at > now() + interval '20 s' as waits from declarations where id = ${bad.id}`
    expect(row).toEqual({ epoch: 1, attempt_count: 0, waits: true })
    await refuseNoMore(q)
    await q.sql`update declarations set due_at = now() where id = ${bad.id}`
    await eventually('it was accepted', async () => (await q.row(bad.id)).state === 'accepted')
  }))

test('one that rescue cannot settle holds up nothing that is new', () =>
  withQueue(async (q) => {
    const bad = await q.addDeclaration()
    const turn = {
      worker: 'dead',
      leaseMs: 60_000,
      destination: 'sidep',
      limit: 5,
      turnAfter: '00000000-0000-0000-0000-000000000000',
      endedSets: [],
    }
    const { claims } = await q.database.forWorker((tx) => claimDue(tx, turn))
    const sending = claims.map((claim) => ({ ...claim, messageSha256: '11'.repeat(32) }))
    await q.database.forWorker((tx) => markSent(tx, sending, 60_000))
    await q.expireLeases()
    await refuse(q, 'update on declarations', `new.id = '${bad.id}' and new.state = 'parked'`)
    // Its settlement is tried for two leases; polling would find what is new.
    const worker = q.worker(createTestDestination(), { settings: { leaseMs: 20_000, pollMs: 100 } })
    await worker.start()
    await eventually('rescue has met it', async () => q.events.failed.includes('settle'))
    const { id } = await q.addDeclaration()
    await eventually('it was accepted', async () => (await q.row(id)).state === 'accepted')
    expect((await q.row(bad.id)).state).toBe('sent')
    await refuseNoMore(q)
  }))
