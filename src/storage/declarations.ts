/** Declarations as the pharmacy sees them: written at capture, read beside their screening. */
import { asc, eq, sql } from 'drizzle-orm'
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
