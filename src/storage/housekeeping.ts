/** What leaves once it is done with: each bounded, each by a function of the database that alone may do it and keeps what is not finished. */
import { sql } from 'drizzle-orm'
import type { Tx } from './database.ts'

/** `olderThanDays`: at least one. `really`: false only counts, up to `limit`. All answer how many leave, or would. */
export type Leaving = { readonly olderThanDays: number; readonly limit: number; readonly really: boolean }

const before = ({ olderThanDays }: Leaving) => sql`now() - ${olderThanDays} * interval '1 day'`

/** Screenings whose patient, act and reasons leave, in all versions; their tries become counts. */
export async function dropPayloads(tx: Tx, leaving: Leaving): Promise<number> {
  return countOf(tx, sql`passerelle_drop_payloads(${before(leaving)}, ${leaving.limit}, ${leaving.really})`)
}

export async function forgetIdempotencyKeys(tx: Tx, leaving: Leaving): Promise<number> {
  return countOf(tx, sql`passerelle_forget_keys(${before(leaving)}, ${leaving.limit}, ${leaving.really})`)
}

/** Sessions that ended so long ago. */
export async function forgetSessions(tx: Tx, leaving: Leaving): Promise<number> {
  return countOf(tx, sql`passerelle_forget_sessions(${before(leaving)}, ${leaving.limit}, ${leaving.really})`)
}

async function countOf(tx: Tx, call: ReturnType<typeof sql>): Promise<number> {
  const [row] = await tx.execute<{ count: string }>(sql`select ${call} as count`)
  return Number(row?.count ?? 0)
}
