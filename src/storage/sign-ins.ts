/** Sign-ins on their way through Pro Santé Connect: one row each, read once. */
import { eq, inArray, lte } from 'drizzle-orm'
import type { Tx } from './database.ts'
import { signIns } from './schema.ts'

export type SignInRow = typeof signIns.$inferSelect

export async function insertSignIn(tx: Tx, row: SignInRow): Promise<void> {
  await tx.insert(signIns).values(row)
}

/** Reads and deletes in one statement: of two callbacks with the same token, one finds nothing. */
export async function takeSignIn(tx: Tx, tokenHash: Uint8Array): Promise<SignInRow | null> {
  const [row] = await tx.delete(signIns).where(eq(signIns.tokenHash, tokenHash)).returning()
  return row ?? null
}

/** Deletes at most `limit` sign-ins that were never ended. Two sweeps at once delete the same rows once. */
export async function sweepSignIns(tx: Tx, options: { now: Date; limit: number }): Promise<void> {
  const lapsed = tx
    .select({ tokenHash: signIns.tokenHash })
    .from(signIns)
    .where(lte(signIns.expiresAt, options.now))
    .orderBy(signIns.expiresAt)
    .limit(options.limit)
  await tx.delete(signIns).where(inArray(signIns.tokenHash, lapsed))
}
