/** The main database: a pool under the application role, and transactions that say for whom they run. */

import type { ExtractTablesWithRelations } from 'drizzle-orm'
import { type SQLWrapper, sql } from 'drizzle-orm'
import { PgDialect, type PgTransaction } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsDatabase, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { assert } from '../base/assert.ts'
import { GatewayError } from '../domain/errors.ts'
import { knownTypes } from './array-types.ts'
import { guardTransactions, isDatabaseAway, keptStatement } from './guarded-client.ts'
import { type AppliedMigration, listApplied } from './migrator.ts'
import * as schema from './schema.ts'
import { trackUnderWay } from './under-way.ts'

export type Schema = typeof schema
export type Db = PostgresJsDatabase<Schema>
/** What writes take: an open transaction, never the pool. */
export type Tx = PgTransaction<PostgresJsQueryResultHKT, Schema, ExtractTablesWithRelations<Schema>>
/** What a function takes that runs one statement and nothing else. */
export type OneStatement = Pick<Tx, 'execute'>

/**
 * Transactions throw `GatewayError` `unavailable` where the database cannot do anything now: nothing is stored, unless the
 * connection was lost under the commit itself; sent again with its idempotency key, a request stores nothing twice.
 */
export type Database = {
  /** Runs within one pharmacy: row-level security shows and takes that pharmacy's rows alone. */
  forPharmacy<Value>(pharmacyId: string, run: (tx: Tx) => Promise<Value>): Promise<Value>
  /** Runs as the worker: declarations, attempts and receipts of all pharmacies; screenings for reading only. */
  forWorker<Value>(run: (tx: Tx) => Promise<Value>): Promise<Value>
  /**
   * The same for one statement, which `run` sends before it awaits anything: its commit follows on its heels, and two of four round
   * trips are saved. Where the statement fails, nothing of it is kept.
   */
  forWorkerAtOnce<Value>(run: (one: OneStatement) => Promise<Value>): Promise<Value>
  /** Runs with no pharmacy: sign-in, sessions, the register of pharmacies. Patient tables show nothing. */
  forNobody<Value>(run: (tx: Tx) => Promise<Value>): Promise<Value>
  /** Calls `onDue` whenever a commit made declarations due, and `onGap` when notices may have been missed. */
  listenForDue(onDue: () => void, onGap: () => void): Promise<{ unlisten: () => Promise<void> }>
  ping(): Promise<void>
  /** What has been migrated, for the check at start and for readiness. */
  listMigrations(): Promise<readonly AppliedMigration[]>
  close(): Promise<void>
}

export { keptStatement }
export const dueChannel = 'declarations_due'

export type DatabaseLimits = { readonly connectionsMax: number; readonly statementTimeoutMs: number }
export const databaseLimitsDefault: DatabaseLimits = { connectionsMax: 10, statementTimeoutMs: 15_000 }
/**
 * What a page costs that is not the next one: on the disks of today hardly more. With PostgreSQL's four, reading a table of
 * thousands from end to end looks cheaper than finding a hundred rows by their keys.
 */
export const plannerSettings = { random_page_cost: 1.1 } as const
const closeTimeoutMs = 5_000
/**
 * Between two tries of one connection. The driver's own pause grows with the failures of all connections together: ten that a
 * restart cut off made each other wait for twenty seconds, with the database long back.
 */
const reconnectPauseSeconds = 0.2
const dialect = new PgDialect()
const workerScope = sql`${sql.raw(keptStatement)} select set_config('passerelle.scope', 'worker', true)`

export function openDatabase(url: string, limits: DatabaseLimits = databaseLimitsDefault): Database {
  const client = postgres(url, {
    ...knownTypes,
    max: limits.connectionsMax,
    connect_timeout: 5,
    backoff: () => reconnectPauseSeconds,
    // Server-side notices can quote values; nothing of them is ours to print.
    onnotice: () => undefined,
    connection: {
      application_name: 'passerelle',
      statement_timeout: limits.statementTimeoutMs,
      ...plannerSettings,
      idle_in_transaction_session_timeout: 60_000,
    },
  })
  const guarded = guardTransactions(client)
  const db = drizzle(guarded, { schema })

  const underWay = trackUnderWay()

  async function tracked<Value>(asked: Promise<Value>): Promise<Value> {
    try {
      return await underWay.track(asked)
    } catch (cause) {
      if (isDatabaseAway(cause)) throw new GatewayError('unavailable', { cause })
      throw cause
    }
  }

  const transact = <Value>(run: (tx: Tx) => Promise<Value>) => tracked(db.transaction(run))

  async function beginAtOnce<Value>(run: (one: OneStatement) => Promise<Value>): Promise<Value> {
    let answer: Promise<Value> | undefined
    await guarded.begin(async (tx) => {
      const send = (query: SQLWrapper | string) => {
        const { sql: text, params } = dialect.sqlToQuery(typeof query === 'string' ? sql.raw(query) : query.getSQL())
        return tx.unsafe(text, params as never[]) // what drizzle binds, and `unsafe` types as JSON
      }
      let sent = 0
      void send(workerScope).catch(() => undefined) // then the transaction is undone, and the statement says so
      answer = run({
        execute: (query) => {
          sent += 1
          assert(sent === 1, 'at once: one statement')
          return send(query) as never // rows, as drizzle's own `execute` answers them
        },
      })
      answer.catch(() => undefined) // awaited below, once the end of the transaction is known
      // What was sent is not awaited: the end of the transaction follows on its heels.
      if (sent === 0) await answer
    })
    assert(answer !== undefined, 'at once: it has run')
    return answer
  }

  return {
    forWorkerAtOnce: (run) => tracked(beginAtOnce(run)),
    forPharmacy: (pharmacyId, run) =>
      transact(async (tx) => {
        await tx.execute(sql`select set_config('passerelle.pharmacy_id', ${pharmacyId}, true)`)
        return run(tx)
      }),
    forWorker: (run) =>
      transact(async (tx) => {
        await tx.execute(workerScope)
        return run(tx)
      }),
    forNobody: transact,
    listenForDue: (onDue, onGap) => client.listen(dueChannel, onDue, onGap),
    ping: async () => {
      await client`select 1`
    },
    listMigrations: () => listApplied(client),
    close: async () => {
      await underWay.settled(closeTimeoutMs)
      await client.end({ timeout: 0 })
    },
  }
}
