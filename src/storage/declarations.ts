/** Declarations as the pharmacy sees them: written at capture, read beside their screening. */
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { DeclarationState } from '../domain/declaration.ts'
import { dueChannel, type Tx } from './database.ts'
import { declarations, receipts } from './schema.ts'

export type NewDeclarationRow = typeof declarations.$inferInsert
export type DeclarationRow = typeof declarations.$inferSelect
export type DeclarationWithReceipt = {
  readonly declaration: DeclarationRow
  readonly receipt: typeof receipts.$inferSelect | null
}

/** Writes declarations and, on commit, wakes the workers (their polling is the net below). */
export async function insertDeclarations(tx: Tx, rows: readonly NewDeclarationRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.insert(declarations).values([...rows])
  await tx.execute(sql`select pg_notify(${dueChannel}, '')`)
}

export async function listDeclarationsOf(tx: Tx, screeningId: string, limit: number): Promise<DeclarationWithReceipt[]> {
  return tx
    .select({ declaration: declarations, receipt: receipts })
    .from(declarations)
    .leftJoin(receipts, eq(receipts.declarationId, declarations.id))
    .where(eq(declarations.screeningId, screeningId))
    .orderBy(asc(declarations.version), asc(declarations.destination))
    .limit(limit)
}

/** The states of these versions' declarations, for a list. */
export async function listStatesOf(
  tx: Tx,
  versionIds: readonly string[],
): Promise<{ versionId: string; state: DeclarationState }[]> {
  if (versionIds.length === 0) return []
  return tx
    .select({ versionId: declarations.versionId, state: declarations.state })
    .from(declarations)
    .where(sql`${declarations.versionId} = any(${sql.param([...versionIds])}::uuid[])`)
}

/** The screening's declarations, locked until the transaction ends: no worker claims or settles one meanwhile. */
export async function lockDeclarationsOf(
  tx: Tx,
  screeningId: string,
): Promise<Pick<DeclarationRow, 'id' | 'destination' | 'version' | 'kind' | 'state'>[]> {
  return tx
    .select({
      id: declarations.id,
      destination: declarations.destination,
      version: declarations.version,
      kind: declarations.kind,
      state: declarations.state,
    })
    .from(declarations)
    .where(eq(declarations.screeningId, screeningId))
    .orderBy(asc(declarations.id))
    .for('update')
}

/** Cancels declarations that still wait; answers how many did. */
export async function cancelQueued(tx: Tx, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0
  const cancelled = await tx
    .update(declarations)
    .set({ state: 'cancelled', settledAt: sql`now()` })
    .where(and(inArray(declarations.id, [...ids]), eq(declarations.state, 'queued')))
    .returning({ id: declarations.id })
  return cancelled.length
}
