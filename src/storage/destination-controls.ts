/** The row that all workers share about a destination: read under its lock, written back in the same transaction. */
import { sql } from 'drizzle-orm'
import { keptStatement, type Tx } from './database.ts'

/** Times in ms of PostgreSQL's clock. */
export type ControlRow = {
  readonly breaker: 'closed' | 'open' | 'half-open'
  readonly failures: number
  readonly openings: number
  readonly openedAtMs: number | null
  readonly holdUntilMs: number | null
  readonly probeBy: string | null
  readonly closedAtMs: number | null
  readonly tokens: number
  readonly tokensAtMs: number
  readonly grants: readonly {
    readonly worker: string
    readonly slots: number
    readonly wanted: number
    readonly untilMs: number
  }[]
  readonly turnAfter: string
  readonly drained: number
  readonly drainedAtMs: number
  readonly lastAcceptedAtMs: number | null
}

const msOf = (column: string) => sql.raw(`(extract(epoch from ${column}) * 1000)::float8`)
const controlColumns = sql`breaker, failures, openings, ${msOf('opened_at')} as "openedAtMs", ${msOf('hold_until')} as "holdUntilMs",
  probe_by as "probeBy", ${msOf('closed_at')} as "closedAtMs", tokens, ${msOf('tokens_at')} as "tokensAtMs", grants,
  turn_after as "turnAfter", drained, ${msOf('drained_at')} as "drainedAtMs", ${msOf('last_accepted_at')} as "lastAcceptedAtMs"`

/** Makes the rows of these destinations where they are not there yet. */
export async function ensureControls(tx: Tx, destinations: readonly string[]): Promise<void> {
  await tx.execute(sql`
    insert into destination_controls (destination) select unnest(${sql.param([...destinations])}::text[]) on conflict do nothing`)
}

/** Locks one destination's row until the transaction ends; `nowMs` is read after the lock was won. Null where it was never made. */
export async function lockControl(tx: Tx, destination: string): Promise<{ control: ControlRow; nowMs: number } | null> {
  const [row] = await tx.execute<ControlRow & { nowMs: number } & Record<string, unknown>>(sql`${sql.raw(keptStatement)}
    with locked as materialized (select * from destination_controls where destination = ${destination} for update)
    select ${controlColumns}, ${msOf('clock_timestamp()')} as "nowMs" from locked`)
  if (!row) return null
  const { nowMs, ...control } = row
  return { control, nowMs }
}

export async function saveControl(tx: Tx, destination: string, control: ControlRow): Promise<void> {
  const at = (ms: number | null) => sql`to_timestamp(${ms}::float8 / 1000)`
  await tx.execute(sql`${sql.raw(keptStatement)}
    update destination_controls set breaker = ${control.breaker}, failures = ${control.failures}, openings = ${control.openings},
      opened_at = ${at(control.openedAtMs)}, hold_until = ${at(control.holdUntilMs)}, probe_by = ${control.probeBy},
      closed_at = ${at(control.closedAtMs)}, tokens = ${control.tokens}, tokens_at = ${at(control.tokensAtMs)},
      grants = ${JSON.stringify(control.grants)}::text::jsonb, turn_after = ${control.turnAfter}, drained = ${control.drained},
      drained_at = ${at(control.drainedAtMs)}, last_accepted_at = ${at(control.lastAcceptedAtMs)}
    where destination = ${destination}`)
}

/** All rows as they stand, without a lock: for pages and metrics. */
export async function listControls(tx: Tx): Promise<(ControlRow & { readonly destination: string; readonly nowMs: number })[]> {
  const rows = await tx.execute<ControlRow & { destination: string; nowMs: number } & Record<string, unknown>>(sql`
    select destination, ${controlColumns}, ${msOf('clock_timestamp()')} as "nowMs" from destination_controls order by destination limit 1000`)
  return [...rows]
}
