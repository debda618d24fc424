/** Work that comes round by itself: one replica at a time, within its bound, and whatever it does the next turn comes. */
import { expect, test } from 'vitest'
import { createPeriodicJobs, type PeriodicDeps, type PeriodicJob } from '../../src/queue/periodic.ts'
import { listJobs } from '../../src/storage/periodic-jobs.ts'
import { eventually, waitUntil, withQueue } from './harness.ts'

type Told = { readonly ended: string[]; readonly failed: string[] }

function replica(
  database: PeriodicDeps['database'],
  jobs: readonly PeriodicJob[],
): Told & { jobs: ReturnType<typeof createPeriodicJobs> } {
  const told: Told = { ended: [], failed: [] }
  const events: PeriodicDeps['events'] = {
    jobEnded: ({ job, outcome }) => void told.ended.push(`${job} ${outcome}`),
    jobFailed: ({ job }) => void told.failed.push(job),
  }
  return { ...told, jobs: createPeriodicJobs({ database, wait: waitUntil, random: () => 0, events }, jobs) }
}

const hourly = (run: PeriodicJob['run'], name = 'sweep'): PeriodicJob => ({
  name,
  everyMs: 3_600_000,
  timeoutMs: 60_000,
  run,
})

test('of ten replicas that look at once, one runs the job', () =>
  withQueue(async (q) => {
    let runs = 0
    const replicas = Array.from({ length: 10 }, () =>
      replica(q.database, [
        hourly(async () => {
          runs += 1
          return { swept: 7 }
        }),
      ]),
    )
    const ran = await Promise.all(replicas.map((one) => one.jobs.runDue()))
    expect(ran.flat()).toEqual(['sweep'])
    expect(runs).toBe(1)
    const rows = await q.database.forWorker(listJobs)
    expect(rows).toMatchObject([{ name: 'sweep', outcome: 'done', counts: { swept: 7 } }])
  }))

test('it is not run again before its time, and is run once its time has come', () =>
  withQueue(async (q) => {
    const one = replica(q.database, [hourly(async () => ({}))])
    expect(await one.jobs.runDue()).toEqual(['sweep'])
    expect(await one.jobs.runDue()).toEqual([])
    await q.sql`update periodic_jobs set started_at = now() - interval '61 minutes'`
    expect(await one.jobs.runDue()).toEqual(['sweep'])
  }))

test('while a replica runs it, no other does; a replica that died in it holds it until its lease is over', () =>
  withQueue(async (q) => {
    let release: () => void = () => undefined
    const held = replica(q.database, [
      hourly(
        () =>
          new Promise((done) => {
            release = () => done({})
          }),
      ),
    ])
    const running = held.jobs.runDue()
    await eventually('it runs', async () => (await q.sql`select 1 from periodic_jobs where lease_until is not null`).length === 1)
    await q.sql`update periodic_jobs set started_at = now() - interval '2 hours'`
    const other = replica(q.database, [hourly(async () => ({ by: 2 }))])
    expect(await other.jobs.runDue()).toEqual([])
    await q.sql`update periodic_jobs set lease_until = now() - interval '1 s'`
    expect(await other.jobs.runDue()).toEqual(['sweep'])
    // The first one wakes: what it writes is not the run that stands.
    release()
    await running
    expect(await q.database.forWorker(listJobs)).toMatchObject([{ outcome: 'done', counts: { by: 2 } }])
  }))

test('a job that throws is told, comes round sooner, and stops no other job', () =>
  withQueue(async (q) => {
    let fails = true
    const jobs = [
      hourly(async () => {
        if (fails) throw new Error('away')
        return {}
      }, 'first'),
      hourly(async () => ({}), 'second'),
    ]
    const one = replica(q.database, jobs)
    expect(await one.jobs.runDue()).toEqual(['first', 'second'])
    expect(one.failed).toEqual(['first'])
    expect(one.ended).toEqual(['first failed', 'second done'])
    fails = false
    await q.sql`update periodic_jobs set started_at = now() - interval '7 minutes'`
    expect(await one.jobs.runDue()).toEqual(['first'])
    expect(one.ended).toContain('first done')
  }))

test('a job past its time is told to stop, and that it was cut short is kept', () =>
  withQueue(async (q) => {
    const untilTold = (signal: AbortSignal) =>
      new Promise<Record<string, number>>((done) => signal.addEventListener('abort', () => done({ half: 1 }), { once: true }))
    const one = replica(q.database, [{ name: 'long', everyMs: 3_600_000, timeoutMs: 50, run: untilTold }])
    await one.jobs.runDue()
    expect(one.ended).toEqual(['long cut-short'])
    expect(await q.database.forWorker(listJobs)).toMatchObject([{ outcome: 'cut-short', counts: { half: 1 } }])
  }))

test('a started runner takes its turn by itself, and stopping ends what it runs', () =>
  withQueue(async (q) => {
    let told = false
    const one = replica(q.database, [
      hourly(
        (signal) =>
          new Promise((done) =>
            signal.addEventListener('abort', () => {
              told = true
              done({})
            }),
          ),
      ),
    ])
    one.jobs.start()
    await eventually('it runs', async () => (await q.sql`select 1 from periodic_jobs where lease_until is not null`).length === 1)
    await one.jobs.stop(10_000)
    expect(told).toBe(true)
    expect(one.ended).toEqual(['sweep cut-short'])
  }))
