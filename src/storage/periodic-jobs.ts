/** Which replica runs a periodic job, and how its last run went: claimed and ended under PostgreSQL's clock. */
import { sql } from 'drizzle-orm'
import type { Tx } from './database.ts'

export type JobOutcome = 'done' | 'failed' | 'cut-short'
export type JobCounts = Readonly<Record<string, number>>

export type JobClaim =
  | { readonly won: true; readonly epoch: number }
  /** Ms after which it may be won: it is not due yet, or another replica runs it. */
  | { readonly won: false; readonly againMs: number }

/**
 * Takes the job where `everyMs` have passed since its last start and nobody runs it. A run that died holds it until its lease
 * (`leaseMs`) is over; one that failed is tried again after `retryMs`.
 */
export async function claimJob(
  tx: Tx,
  job: { readonly name: string; readonly everyMs: number; readonly retryMs: number; readonly leaseMs: number },
): Promise<JobClaim> {
  const { name, everyMs, retryMs, leaseMs } = job
  await tx.execute(sql`insert into periodic_jobs (name) values (${name}) on conflict do nothing`)
  const dueAt = sql`greatest(coalesce(lease_until, '-infinity'),
    coalesce(started_at + (case when outcome = 'done' then ${everyMs}::float8 else ${retryMs}::float8 end) * interval '1 ms', '-infinity'))`
  const [taken] = await tx.execute<{ epoch: string }>(sql`
    update periodic_jobs set epoch = epoch + 1, started_at = now(), ended_at = null, lease_until = now() + ${leaseMs} * interval '1 ms'
    where name = ${name} and ${dueAt} <= now() returning epoch`)
  if (taken) return { won: true, epoch: Number(taken.epoch) }
  const [wait] = await tx.execute<{ ms: number }>(sql`
    select greatest(0, extract(epoch from ${dueAt} - now()) * 1000)::float8 as ms from periodic_jobs where name = ${name}`)
  return { won: false, againMs: Math.ceil(wait?.ms ?? everyMs) }
}

/** Writes how the run went and lets go of the job; false where its lease ran out and another run has taken over. */
export async function endJob(
  tx: Tx,
  run: { readonly name: string; readonly epoch: number; readonly outcome: JobOutcome; readonly counts: JobCounts },
): Promise<boolean> {
  const rows = await tx.execute(sql`
    update periodic_jobs set ended_at = now(), lease_until = null, outcome = ${run.outcome}, counts = ${JSON.stringify(run.counts)}::text::jsonb
    where name = ${run.name} and epoch = ${run.epoch} returning name`)
  return rows.length === 1
}

export type JobRow = {
  readonly name: string
  readonly startedAt: Date | null
  readonly endedAt: Date | null
  readonly outcome: JobOutcome | null
  readonly counts: JobCounts
}

/** All jobs that ever ran here, by name. */
export async function listJobs(tx: Tx): Promise<readonly JobRow[]> {
  const rows = await tx.execute<Omit<JobRow, 'startedAt' | 'endedAt'> & { startedAt: string | null; endedAt: string | null }>(sql`
    select name, started_at as "startedAt", ended_at as "endedAt", outcome, counts from periodic_jobs order by name limit 100`)
  const instant = (text: string | null) => (text === null ? null : new Date(text))
  return rows.map((row) => ({ ...row, startedAt: instant(row.startedAt), endedAt: instant(row.endedAt) }))
}
