/** Jobs that come round by themselves: each within its bound, by one replica at a time, with jitter, and told when it ends. */
import { assert } from '../base/assert.ts'
import type { Database } from '../storage/database.ts'
import { claimJob, endJob, type JobCounts, type JobOutcome } from '../storage/periodic-jobs.ts'

export type { JobCounts, JobOutcome } from '../storage/periodic-jobs.ts'

/**
 * A job must bear being cut short anywhere and run again: a replica may die in it, and one that was suspended past
 * `timeoutMs` may overlap with the next. It works in bounded sets, and looks at `signal` between them.
 */
export type PeriodicJob = {
  /** Kebab-case; one name over all replicas and releases. */
  readonly name: string
  /** From start to start, over all replicas together. */
  readonly everyMs: number
  /** Past this the run is told to stop, and another replica may take over. */
  readonly timeoutMs: number
  /** After a run that failed or was cut short; default: a tenth of `everyMs`, at least a second. */
  readonly retryMs?: number
  /** Answers what it did, in counts for the log; a rejection is logged, and tried again after `retryMs`. */
  run(signal: AbortSignal): Promise<JobCounts>
}

export type PeriodicDeps = {
  readonly database: Pick<Database, 'forWorker'>
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly random: () => number
  readonly monotonicMs?: () => number
  readonly events: {
    jobEnded(fields: { job: string; outcome: JobOutcome; durationMs: number; counts: JobCounts }): void
    /** The job threw, or the table of jobs could not be asked. */
    jobFailed(fields: { job: string; error: unknown }): void
  }
}

export type PeriodicJobs = {
  start(): void
  /** One look at every job, in order: runs those that are due. For tests and for a process that does not stay. Answers which ran. */
  runDue(): Promise<readonly string[]>
  /** Tells running jobs to stop, and waits `graceMs` for them at most: what is left behind was made to be cut short. */
  stop(graceMs: number): Promise<void>
}

/** Replicas that start together do not ask together. */
const startJitterMsMax = 10_000
/** Waiting for the due time is cut in pieces: a job whose lease was left behind is found again. */
const lookMsMax = 60_000
const lookMsMin = 250

export function createPeriodicJobs(deps: PeriodicDeps, jobs: readonly PeriodicJob[]): PeriodicJobs {
  const { database, events } = deps
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  const stopping = new AbortController()
  const loops: Promise<void>[] = []
  assert(new Set(jobs.map((job) => job.name)).size === jobs.length, 'two periodic jobs have one name')

  /** Null where it ran; else the ms until it may be due. */
  async function turn(job: PeriodicJob): Promise<number | null> {
    const { name, everyMs, timeoutMs } = job
    const retryMs = job.retryMs ?? Math.max(1000, everyMs / 10)
    const claim = await database.forWorker((tx) => claimJob(tx, { name, everyMs, retryMs, leaseMs: timeoutMs }))
    if (!claim.won) return claim.againMs
    // Committed: if we die now, the lease runs out and another replica begins anew.
    const ran = await runBounded(job)
    await database.forWorker((tx) => endJob(tx, { name, epoch: claim.epoch, ...ran }))
    return null
  }

  async function runBounded(job: PeriodicJob): Promise<{ outcome: JobOutcome; counts: JobCounts }> {
    const startedAt = monotonicMs()
    const late = new AbortController()
    const over = new AbortController()
    const signal = AbortSignal.any([stopping.signal, late.signal])
    void deps.wait(job.timeoutMs, over.signal).then(() => {
      if (!over.signal.aborted) late.abort()
    })
    let outcome: JobOutcome = 'done'
    let counts: JobCounts = {}
    try {
      counts = await job.run(signal)
      if (signal.aborted) outcome = 'cut-short'
    } catch (error) {
      outcome = signal.aborted ? 'cut-short' : 'failed'
      if (outcome === 'failed') events.jobFailed({ job: job.name, error })
    } finally {
      over.abort()
    }
    events.jobEnded({ job: job.name, outcome, durationMs: monotonicMs() - startedAt, counts })
    return { outcome, counts }
  }

  async function loop(job: PeriodicJob): Promise<void> {
    await deps.wait(deps.random() * Math.min(startJitterMsMax, job.everyMs), stopping.signal)
    while (!stopping.signal.aborted) {
      let idleMs = job.everyMs
      try {
        idleMs = (await turn(job)) ?? job.everyMs
      } catch (error) {
        events.jobFailed({ job: job.name, error })
        idleMs = lookMsMax
      }
      // A little late, each by its own measure, so that ten replicas do not wake at one instant.
      const ms = Math.max(lookMsMin, Math.min(idleMs, lookMsMax)) * (1 + 0.1 * deps.random())
      await deps.wait(ms, stopping.signal)
    }
  }

  return {
    start: () => {
      loops.push(...jobs.map(loop))
    },
    runDue: async () => {
      const ran: string[] = []
      for (const job of jobs) if ((await turn(job)) === null) ran.push(job.name)
      return ran
    },
    stop: async (graceMs) => {
      stopping.abort()
      const patience = new AbortController()
      await Promise.race([Promise.all(loops), deps.wait(graceMs, patience.signal)])
      patience.abort()
    },
  }
}
