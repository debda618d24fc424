/** Stopping, waking and losing PostgreSQL: an interruption by us is never a failure of theirs. */
import { expect, test } from 'vitest'
import { createTestDestination, eventually, type TestQueue, withQueue } from './harness.ts'

test('a worker that is told to stop lets what is under way end', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const destination = createTestDestination()
    let release: () => void = () => undefined
    destination.onArrival = () =>
      new Promise((done) => {
        release = done
      })
    const worker = q.worker(destination)
    await worker.start()
    await eventually('it arrived', () => destination.arrivals.length === 1)
    const stopped = worker.stop(30_000)
    const late = await q.addDeclaration()
    release()
    await stopped
    expect(await q.row(id)).toMatchObject({ state: 'accepted' })
    expect(await q.row(late.id)).toMatchObject({ state: 'queued', attempt_count: 0 })
    await q.checkInvariants()
  }))

test('what a stop interrupts before a byte left goes back uncounted', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const destination = createTestDestination()
    let reached = false
    destination.fault = () => {
      reached = true
      return 'hang-before-send'
    }
    const worker = q.worker(destination)
    await worker.start()
    await eventually('it is being sent', () => reached)
    await worker.stop(0)
    expect(await q.row(id)).toMatchObject({ state: 'queued', attempt_count: 0, code: null })
    await q.checkInvariants()
  }))

test('what a stop interrupts after bytes left is ambiguous', () =>
  withQueue(async (q) => {
    const { id } = await q.addDeclaration()
    const destination = createTestDestination()
    destination.fault = () => 'hang'
    const worker = q.worker(destination)
    await worker.start()
    await eventually('it arrived', () => destination.arrivals.length === 1)
    await worker.stop(0)
    expect(await q.row(id)).toMatchObject({ state: 'parked', code: 'answer-lost' })
    await q.checkInvariants()
  }))

test('a commit wakes an idle worker, however long it would sleep', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const worker = q.worker(destination, { settings: { pollMs: 3_600_000 } })
    await worker.start()
    for (let turn = 1; turn <= 3; turn++) {
      const { id } = await q.addDeclaration()
      await eventually('it was accepted', async () => (await q.row(id)).state === 'accepted')
    }
  }))

test('a correction that waited goes at once when the original has ended, without a commit or a poll to wake the worker', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const original = await q.addDeclaration()
    const correction = await q.addDeclaration({ screeningId: original.screeningId, version: 2 })
    const worker = q.worker(destination, { settings: { pollMs: 3_600_000 } })
    await worker.start()
    await eventually('both were accepted', async () => (await q.row(correction.id)).state === 'accepted')
    expect(destination.arrivals.map((arrival) => arrival.version)).toEqual([1, 2])
  }))

test('a retry is sent when it is due, without a commit or a poll to wake the worker', () =>
  withQueue(async (q) => {
    const destination = createTestDestination({ retry: { baseMs: 200, capMs: 1000, attemptsMax: 5 } })
    let refused = 0
    destination.fault = () => (refused++ < 2 ? 'refuse-for-now' : null)
    const blocked = await q.addDeclaration({ destination: 'gone' }) // due for ever, and never claimed: it must hide nothing
    const { id } = await q.addDeclaration()
    const worker = q.worker(destination, { settings: { pollMs: 3_600_000 } })
    await worker.start()
    await eventually('it was accepted', async () => (await q.row(id)).state === 'accepted')
    expect(await q.row(blocked.id)).toMatchObject({ state: 'queued' })
  }))

test('polling is the net when notices no longer come', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const deaf = { ...q.database, listenForDue: async () => ({ unlisten: async () => undefined }) }
    const worker = q.worker(destination, { settings: { pollMs: 50 }, deps: { database: deaf } })
    await worker.start()
    const { id } = await q.addDeclaration()
    await eventually('it was accepted', async () => (await q.row(id)).state === 'accepted')
  }))

test('a cut notification connection is opened again, and what was missed meanwhile is sent', () =>
  withQueue(async (q) => {
    const destination = createTestDestination()
    const worker = q.worker(destination, { settings: { pollMs: 3_600_000 } })
    await worker.start()
    const first = await q.addDeclaration()
    await eventually('it was accepted', async () => (await q.row(first.id)).state === 'accepted')
    await q.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`
    const second = await q.addDeclaration()
    await eventually('it was accepted', async () => (await q.row(second.id)).state === 'accepted')
    const third = await q.addDeclaration()
    await eventually('it was accepted', async () => (await q.row(third.id)).state === 'accepted')
  }))

function countAsked(q: TestQueue) {
  const count = <Run extends typeof q.database.forWorker | typeof q.database.forWorkerAtOnce>(run: Run) =>
    ((work: never) => {
      counting.asked += 1
      return run(work)
    }) as Run
  const counting = {
    asked: 0,
    database: {
      ...q.database,
      forWorker: count(q.database.forWorker),
      forWorkerAtOnce: count(q.database.forWorkerAtOnce),
    },
  }
  return counting
}

test('an idle worker asks the database a bounded number of times', () =>
  withQueue(async (q) => {
    const counting = countAsked(q)
    // Both kinds of row that are due and cannot go: no destination, and an earlier version that is parked.
    await q.addDeclaration({ destination: 'gone' })
    const { id, screeningId } = await q.addDeclaration()
    await q.sql`update declarations set state = 'parked', code = 'answer-lost' where id = ${id}`
    await q.addDeclaration({ screeningId, version: 2 })
    const worker = q.worker(createTestDestination(), { settings: { pollMs: 3_600_000 }, deps: { database: counting.database } })
    await worker.start()
    await new Promise((resume) => setTimeout(resume, 300))
    expect(counting.asked).toBeLessThan(12)
  }))

test.for(['their pause runs', 'what they correct is parked'] as const)(
  'an idle worker asks a bounded number of times where more pharmacies than a turn takes have rows that cannot go: %s',
  (why) =>
    withQueue(async (q) => {
      const counting = countAsked(q)
      for (let index = 0; index < 25; index++) {
        const pharmacyId = await q.addPharmacy()
        const { id, screeningId } = await q.addDeclaration({ pharmacyId })
        if (why === 'their pause runs')
          await q.sql`update declarations set due_at = now() + interval '10 minutes' where id = ${id}`
        else {
          await q.sql`update declarations set state = 'parked', code = 'answer-lost' where id = ${id}`
          await q.addDeclaration({ pharmacyId, screeningId, version: 2 })
        }
      }
      const worker = q.worker(createTestDestination(), {
        settings: { pollMs: 3_600_000, batchSize: 10 },
        deps: { database: counting.database },
      })
      await worker.start()
      const { id } = await q.addDeclaration()
      await eventually('what can go has gone', async () => (await q.row(id)).state === 'accepted')
      await eventually('it asks no more', async () => {
        counting.asked = 0
        await new Promise((resume) => setTimeout(resume, 300))
        return counting.asked < 3
      })
    }),
)
