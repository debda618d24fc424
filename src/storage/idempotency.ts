/** Idempotency keys: the same key with the same body answers the same thing, and stores nothing twice. */
import { and, eq } from 'drizzle-orm'
import type { Tx } from './database.ts'
import { idempotencyKeys } from './schema.ts'

export type IdempotencyRow = typeof idempotencyKeys.$inferInsert

/** Writes the key; false where it stands already. A second request with it waits here for the first to commit. */
export async function claimIdempotencyKey(tx: Tx, row: IdempotencyRow): Promise<boolean> {
  const written = await tx
    .insert(idempotencyKeys)
    .values(row)
    .onConflictDoNothing()
    .returning({ screeningId: idempotencyKeys.screeningId })
  return written.length === 1
}

export async function findIdempotencyKey(tx: Tx, key: { pharmacyId: string; keySha256: Uint8Array }) {
  const [row] = await tx
    .select()
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.pharmacyId, key.pharmacyId), eq(idempotencyKeys.keySha256, key.keySha256)))
  return row ?? null
}
