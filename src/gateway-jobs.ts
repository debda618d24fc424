/** What gateways and workers do by themselves, every so often: each room's job, given what the composition root opened. */

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunDeps, runReconciliations } from './actions/run-reconciliations.ts'
import { createSealJob } from './audit/seal-job.ts'
import type { Clock } from './base/clock.ts'
import { randomId } from './base/ids.ts'
import type { Config } from './config/config.ts'
import type { CheckpointSigner } from './crypto/checkpoint.ts'
import { sweepUnused } from './crypto/sweep.ts'
import type { LookUp } from './destinations/look-up.ts'
import { housekeepingJob } from './queue/housekeeping.ts'
import { createLedgerJob } from './queue/ledger-job.ts'
import { createPeriodicJobs, type JobCounts, type JobOutcome, type PeriodicJob, type PeriodicJobs } from './queue/periodic.ts'
import { releaseRetriesJob } from './queue/release-retries.ts'
import { silenceJob } from './queue/silence.ts'
import type { Database } from './storage/database.ts'
import { listUsedKeyRefs } from './storage/erasure.ts'
import type { OpenedKeyStore } from './storage/keystore.ts'
import { createKeyStoreAdmin } from './storage/keystore-admin.ts'
import type { Events } from './telemetry/events.ts'
import type { Metrics } from './telemetry/metrics.ts'

export type JobDeps = {
  readonly config: Config
  readonly clock: Clock
  readonly events: Events
  readonly database: Database
  readonly keyStore: OpenedKeyStore
  readonly auditSigner: CheckpointSigner | null
  /** Null where the destination cannot be asked what it holds. */
  readonly findLookUp: (destinationId: string) => LookUp | null
}

/** A worker's: each room's own, of which one replica runs one at a time (`queue/periodic.ts`). */
export function periodicJobs({
  auditSigner,
  findLookUp,
  clock,
  config,
  database,
  events,
  keyStore,
}: JobDeps): readonly PeriodicJob[] {
  const jobs: PeriodicJob[] = [
    releaseRetriesJob({
      database,
      clock,
      randomBytes,
      isConfigured: (id) => config.destinations.some((one) => one.id === id),
    }),
    housekeepingJob({ database, clock }, config.retention),
    silenceWatch({ config, database, events }),
    reconcileJob({ clock, database, findLookUp }),
    sweepJob({ clock, database, events, keyStore }),
  ]
  if (auditSigner)
    jobs.push(
      createSealJob({
        database,
        signer: auditSigner,
        clock,
        anchorFile: config.auditAnchorFile,
        onAnchored: (anchored) => events.auditAnchored(anchored),
      }),
    )
  return jobs
}

/** Gateways run it too, under the same lease: were it left to workers, the death of all of them would be told by nobody. */
export function silenceWatch({ config, database, events }: Pick<JobDeps, 'config' | 'database' | 'events'>): PeriodicJob {
  return silenceJob({ database, destinations: config.destinations, events }, config.alarms)
}

/** Lets jobs come round, once started, and tells of those that did something. */
export function comeRound(
  { database, events, random }: Pick<JobDeps, 'database' | 'events'> & { readonly random: () => number },
  jobs: readonly PeriodicJob[],
): PeriodicJobs {
  return createPeriodicJobs(
    {
      database,
      random,
      wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
      events: {
        jobEnded: (ended) => didSomething(ended) && events.periodicJobEnded(ended),
        jobFailed: (failed) => events.periodicJobFailed(failed),
      },
    },
    jobs,
  )
}

/** A job that found nothing to do, every second of the day, says nothing. */
function didSomething({ outcome, counts }: { outcome: JobOutcome; counts: JobCounts }): boolean {
  return outcome !== 'done' || Object.values(counts).some((count) => count > 0)
}

const sweepEveryMs = 6 * 3_600_000

const reconcileEveryMs = 5_000

/** What people asked to have compared: a pharmacy's busiest day is some hundred questions, four at a time. */
function reconcileJob({ clock, database, findLookUp }: Pick<JobDeps, 'clock' | 'database' | 'findLookUp'>): PeriodicJob {
  const findAsk: RunDeps['findAsk'] = (destination) => {
    const lookUp = findLookUp(destination)
    return lookUp && (async ({ controlId, digests }, signal) => (await lookUp.ask({ controlId, digests }, signal)).kind)
  }
  return {
    name: 'reconcile',
    everyMs: reconcileEveryMs,
    timeoutMs: 600_000,
    run: (signal) => runReconciliations({ database, clock, newId: randomId, findAsk }, signal),
  }
}

/** Record keys that were reserved and never used; a main database that lacks most keys known to be used is taken for an old copy. */
function sweepJob({
  clock,
  database,
  events,
  keyStore,
}: Pick<JobDeps, 'clock' | 'database' | 'events' | 'keyStore'>): PeriodicJob {
  const admin = createKeyStoreAdmin(keyStore.sql)
  const listUsedRefs = (refs: readonly string[]) => database.forWorker((tx) => listUsedKeyRefs(tx, refs))
  return {
    name: 'sweep-record-keys',
    everyMs: sweepEveryMs,
    timeoutMs: 600_000,
    run: async (signal) => {
      const { used, deleted, refused } = await sweepUnused({ admin, clock, listUsedRefs }, { signal })
      if (refused) events.keySweepRefused({ deleted })
      return { used, deleted }
    },
  }
}

export function ledgerJob(
  { database, clock, events }: Pick<JobDeps, 'database' | 'clock' | 'events'>,
  metrics: Metrics,
): PeriodicJob {
  return createLedgerJob({
    database,
    clock,
    onChecked: (checked) => metrics.ledgerChecked(checked),
    onDifference: ({ line: { pharmacyId, destination }, rules: [rule = 'unknown'], items }) =>
      events.ledgerOutOfBalance({ pharmacyId, destination, rule, items: items.length }),
  })
}
