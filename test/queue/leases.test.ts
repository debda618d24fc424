/** Leases and fencing: who holds a row may write it, who lost it may not, and nothing that died is forgotten. */
import { expect, test } from 'vitest'
import { claimDue, extendLeases, markSent, settle } from '../../src/storage/queries.ts'
import { createTestDestination, eventually, oneEuro, type TestQueue, withQueue } from './harness.ts'

const nobody = '00000000-0000-0000-0000-000000000000'
const claimAs = (q: TestQueue, worker: string, options: { limit?: number; destination?: string } = {}) =>
  q.database.forWorker(async (tx) => {
    const claim = { worker, leaseMs: 60_000, destination: 'sidep', limit: 10, turnAfter: nobody, endedSets: [], ...options }
    return (await claimDue(tx, claim)).claims
  })
const accepted = { state: 'accepted', receipt: { reference: null, answerSha256: 'ef'.repeat(32) } } as const

test('two workers claim disjoint rows', () =>
  withQueue(async (q) => {
    const ids = await q.addDeclarations(40)
    const claims = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => claimAs(q, worker)))
    const claimed = claims.flat().map((claim) => claim.id)
    expect(new Set(claimed).size).toBe(claimed.length)
    expect(claimed.length).toBeLessThanOrEqual(40)
    const rest = await claimAs(q, 'e', { limit: 100 })
    expect(new Set([...claimed, ...rest.map((claim) => claim.id)])).toEqual(new Set(ids))
  }))

test('a zombie with an old epoch writes nothing: neither sent, nor settled, nor a longer lease', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const [zombie] = await claimAs(q, 'zombie')
    if (!zombie) throw new Error('nothing was claimed')
    await q.expireLeases()
    const worker = q.worker(createTestDestination())
    await worker.runOnce() // rescues
    await worker.runOnce() // sends, if the rescue's round did not
    const before = await q.row(id)
    expect(before).toMatchObject({ state: 'accepted' })

    const won = await q.database.forWorker(async (tx) => ({
      sent: await markSent(tx, [{ ...zombie, messageSha256: '00'.repeat(32) }], 60_000),
      extended: await extendLeases(tx, [zombie], 60_000),
      settled: await settle(tx, [
        {
          ...zombie,
          attemptEpoch: zombie.epoch,
          outcome: 'permanent',
          settlement: { state: 'rejected', code: 'refused', location: null },
          auditAction: 'declaration.settle',
          charge: oneEuro,
        },
      ]),
    }))
    expect([won.sent.size, won.extended.size, won.settled.size]).toEqual([0, 0, 0])
    expect(await q.row(id)).toEqual(before)
    expect(await q.count('attempts')).toBe(1)
    await q.checkInvariants()
  }))

test('a zombie whose lease was taken over before it sent sends nothing', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const destination = createTestDestination()
    const zombie = q.worker(destination, {
      deps: {
        openForSending: async (claims) => {
          // While it was opening, another one took the row over.
          await q.sql`update declarations set epoch = epoch + 1, claimed_by = 'another' where id = ${id}`
          return new Map(claims.map((claim) => [claim.id, () => ({ document: { controlId: claim.controlId } as never })]))
        },
      },
    })
    await zombie.runOnce()
    expect(destination.arrivals).toEqual([])
    expect(q.events.leaseLost.map((claim) => claim.id)).toEqual([id])
    expect(await q.row(id)).toMatchObject({ state: 'claimed', claimed_by: 'another' })
  }))

test('an expired claim goes back uncounted', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    await claimAs(q, 'dead')
    expect(await q.row(id)).toMatchObject({ state: 'claimed', attempt_count: 1 })
    await q.expireLeases()
    const destination = createTestDestination()
    destination.fault = () => 'unreachable'
    const worker = q.worker(destination)
    await worker.runOnce()
    await worker.runOnce()
    // One attempt, the living worker's: the dead one's is not counted.
    expect(await q.row(id)).toMatchObject({ state: 'queued', attempt_count: 1, code: 'unreachable' })
    expect((await q.audit(id))[0]).toMatchObject({ action: 'declaration.rescue', details: { state: 'queued', attempt: 0 } })
    await q.checkInvariants()
  }))

for (const { deduplicates, state } of [
  { deduplicates: 'none', state: 'parked' },
  { deduplicates: 'control-id', state: 'queued' },
] as const) {
  test(`an expired send is ambiguous: ${state} where the destination promises ${deduplicates}`, () =>
    withQueue(async (q) => {
      const { id } = await q.addDeclaration()
      const [claim] = await claimAs(q, 'dead')
      if (!claim) throw new Error('nothing was claimed')
      await q.database.forWorker((tx) => markSent(tx, [{ ...claim, messageSha256: '11'.repeat(32) }], 60_000))
      await q.expireLeases()
      await q.worker(createTestDestination({ deduplicates })).runOnce()
      expect(await q.row(id)).toMatchObject({ state, code: 'lease-expired', attempt_count: 1 })
      expect((await q.audit(id))[0]).toMatchObject({ action: 'declaration.rescue', code: 'lease-expired' })
      await q.checkInvariants()
    }))
}

test('an expired send of a destination that left the configuration is parked: nothing promises anything for it', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration({ destination: 'gone' })
    const [claim] = await claimAs(q, 'dead', { destination: 'gone' })
    if (!claim) throw new Error('nothing was claimed')
    await q.database.forWorker((tx) => markSent(tx, [{ ...claim, messageSha256: '11'.repeat(32) }], 60_000))
    await q.expireLeases()
    await q.worker(createTestDestination({ deduplicates: 'control-id' })).runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'parked', code: 'lease-expired' })
  }))

test('state, attempt, receipt and trace are settled together or not at all', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const [claim] = await claimAs(q, 'a')
    if (!claim) throw new Error('nothing was claimed')
    await q.database.forWorker((tx) => markSent(tx, [{ ...claim, messageSha256: '11'.repeat(32) }], 60_000))
    const settlement = {
      ...claim,
      attemptEpoch: claim.epoch,
      outcome: 'accepted',
      settlement: accepted,
      auditAction: 'declaration.settle',
      charge: oneEuro,
    } as const
    // Each of the four that follow the state made impossible, in turn: then the state must not move either.
    for (const table of ['attempts', 'receipts', 'charges', 'audit_events']) {
      await q.sql.unsafe(`create function fail_${table}() returns trigger language plpgsql as $$ begin raise 'no'; end $$`)
      await q.sql.unsafe(`create trigger fail before insert or update on ${table} for each row execute function fail_${table}()`)
      await expect(q.database.forWorker((tx) => settle(tx, [settlement]))).rejects.toThrow()
      expect(await q.row(id)).toMatchObject({ state: 'sent' })
      expect([await q.count('receipts'), await q.count('charges')]).toEqual([0, 0])
      expect(await q.audit(id)).toEqual([])
      await q.sql.unsafe(`drop trigger fail on ${table}`)
    }
    // Killed after the statement and before its commit: nothing of it stays.
    const killed = q.database.forWorker(async (tx) => {
      await settle(tx, [settlement])
      await q.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`
    })
    await expect(killed).rejects.toThrow()
    expect(await q.row(id)).toMatchObject({ state: 'sent' })
    expect(await q.count('receipts')).toBe(0)
    await q.database.forWorker((tx) => settle(tx, [settlement]))
    expect(await q.row(id)).toMatchObject({ state: 'accepted' })
    expect(await q.count('receipts')).toBe(1)
    await q.checkInvariants()
  }))

test('settling twice settles once', () =>
  withQueue(async (q) => {
    await q.addDeclaration()
    const [claim] = await claimAs(q, 'a')
    if (!claim) throw new Error('nothing was claimed')
    const settlement = {
      ...claim,
      attemptEpoch: claim.epoch,
      outcome: 'accepted',
      settlement: accepted,
      auditAction: 'declaration.settle',
      charge: oneEuro,
    } as const
    const first = await q.database.forWorker((tx) => settle(tx, [settlement]))
    const second = await q.database.forWorker((tx) => settle(tx, [settlement]))
    expect([first.size, second.size]).toEqual([1, 0])
    expect([await q.count('receipts'), await q.count('charges')]).toEqual([1, 1])
  }))

test('a fault of ours while sending leaves the row to its lease, and rescue brings it home', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const destination = createTestDestination()
    destination.fault = () => 'throw'
    const worker = q.worker(destination)
    await worker.runOnce()
    expect(q.events.failed).toContain('run')
    expect(await q.row(id)).toMatchObject({ state: 'claimed' })
    destination.fault = () => null
    await q.expireLeases()
    await worker.runOnce()
    await worker.runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'accepted', attempt_count: 1 })
    await q.checkInvariants()
  }))

test('a key store that is away gives the rows back uncounted', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const worker = q.worker(createTestDestination(), {
      deps: { openForSending: () => Promise.reject(new Error('away')), wait: async () => undefined },
    })
    await worker.runOnce()
    expect(await q.row(id)).toMatchObject({ state: 'queued', attempt_count: 0 })
    expect(q.events.failed).toEqual(['open'])
    await q.checkInvariants()
  }))

test('a lease in use is prolonged for as long as the send takes', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const destination = createTestDestination()
    destination.fault = () => 'hang'
    const worker = q.worker(destination, { settings: { leaseMs: 1500 } })
    await worker.start()
    await eventually('it was sent', () => destination.arrivals.length === 1)
    const leaseOf = async () =>
      Number((await q.sql`select extract(epoch from lease_until) as at from declarations where id = ${id}`)[0]?.at)
    const first = await leaseOf()
    await eventually('the lease moved by more than its length', async () => (await leaseOf()) > first + 1.6)
    expect(await q.row(id)).toMatchObject({ state: 'sent', epoch: '1' })
    await worker.stop(0)
    expect(await q.row(id)).toMatchObject({ state: 'parked', code: 'answer-lost' })
  }))
