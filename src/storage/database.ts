/** The main database: a pool under the application role, and transactions that say for whom they run. */

import type { ExtractTablesWithRelations } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { PgTransaction } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsDatabase, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
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

/**
 * Transactions throw `GatewayError` `unavailable` where the database cannot do anything now: nothing is stored, unless the
 * connection was lost under the commit itself; sent again with its idempotency key, a request stores nothing twice.
 */
export type Database = {
  /** Runs within one pharmacy: row-level security shows and takes that pharmacy's rows alone. */
  forPharmacy<Value>(pharmacyId: string, run: (tx: Tx) => Promise<Value>): Promise<Value>
  /** Runs as the worker: declarations, attempts and receipts of all pharmacies; screenings for reading only. */
  forWorker<Value>(run: (tx: Tx) => Promise<Value>): Promise<Value>
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
  const db = drizzle(guardTransactions(client), { schema })

  const underWay = trackUnderWay()

  async function transact<Value>(run: (tx: Tx) => Promise<Value>): Promise<Value> {
    try {
      return await underWay.track(db.transaction(run))
    } catch (cause) {
      if (isDatabaseAway(cause)) throw new GatewayError('unavailable', { cause })
      throw cause
    }
  }

  return {
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
