/** What leaves once it is done with: each bounded, each by a function of the database that alone may do it and keeps what is not finished. */
import { sql } from 'drizzle-orm'
import type { Tx } from './database.ts'

/** `olderThanDays`: at least one. `really`: false only counts, up to `limit`. All answer how many leave, or would. */
export type Leaving = { readonly olderThanDays: number; readonly limit: number; readonly really: boolean }

const before = ({ olderThanDays }: Leaving) => sql`now() - ${olderThanDays} * interval '1 day'`

/** A version in the order of their capture. `at` as PostgreSQL writes it, to the microsecond. */
export type PayloadPlace = { readonly at: string; readonly versionId: string }
export type PayloadsLeft = { readonly count: number; readonly last: PayloadPlace | null }
const beforeAll: PayloadPlace = { at: '-infinity', versionId: '00000000-0000-0000-0000-000000000000' }

/**
 * Screenings whose patient, act and reasons leave, in all versions; their tries become counts. Looks at the next `limit` versions
 * after a place, however many of them must stay; `last` is the place to go on from, null where nothing is left to look at.
 */
export async function dropPayloads(tx: Tx, leaving: Leaving & { readonly after: PayloadPlace | null }): Promise<PayloadsLeft> {
  const { at, versionId } = leaving.after ?? beforeAll
  const [row] = await tx.execute<{ gone: string; at: string | null; versionId: string }>(sql`
    select gone, last_at::text as at, last_version as "versionId"
    from passerelle_drop_payloads_from(${before(leaving)}, ${at}::text::timestamptz, ${versionId}::uuid, ${leaving.limit}, ${leaving.really})`)
  const last = row && row.at !== null ? { at: row.at, versionId: row.versionId } : null
  return { count: Number(row?.gone ?? 0), last }
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
