/** Declarations as the pharmacy sees them: written at capture, read beside their screening. */
import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import type { EarlierDeclaration } from '../domain/correction-plan.ts'
import type { DeclarationState } from '../domain/declaration.ts'
import { dueChannel, type Tx } from './database.ts'
import { mayBeThere } from './doubt.ts'
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

/** The states of these screenings' declarations, with the version of each, for a list. */
export async function listStatesOf(
  tx: Tx,
  screeningIds: readonly string[],
): Promise<{ screeningId: string; version: number; state: DeclarationState }[]> {
  if (screeningIds.length === 0) return []
  return tx
    .select({ screeningId: declarations.screeningId, version: declarations.version, state: declarations.state })
    .from(declarations)
    .where(sql`${declarations.screeningId} = any(${sql.param([...screeningIds])}::uuid[])`)
}

/** Far above what a person corrects at all destinations together; the newest come first, and decide. */
const earlierMax = 1000

export type EarlierRow = EarlierDeclaration & { readonly destination: string }

/** The screening's declarations of all versions, each with whether it may be there though no receipt says so. */
export async function listEarlierOf(tx: Tx, screeningId: string): Promise<readonly EarlierRow[]> {
  return tx
    .select({
      id: declarations.id,
      destination: declarations.destination,
      version: declarations.version,
      kind: declarations.kind,
      state: declarations.state,
      code: declarations.code,
      mayBeThere: mayBeThere(sql`declarations`),
    })
    .from(declarations)
    .where(eq(declarations.screeningId, screeningId))
    .orderBy(desc(declarations.version), asc(declarations.destination))
    .limit(earlierMax)
}

/** The same, locked until the transaction ends: no worker claims or settles one meanwhile. */
export async function lockEarlierOf(tx: Tx, screeningId: string): Promise<readonly EarlierRow[]> {
  await tx
    .select({ id: declarations.id })
    .from(declarations)
    .where(eq(declarations.screeningId, screeningId))
    .orderBy(asc(declarations.id))
    .for('update')
  // A statement of its own: it sees what those whom the lock waited for have written of their tries.
  return listEarlierOf(tx, screeningId)
}

/** Cancels declarations of which nothing left; answers how many. */
export async function cancelUnsent(tx: Tx, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0
  const cancelled = await tx
    .update(declarations)
    .set({ state: 'cancelled', settledAt: sql`now()` })
    .where(and(inArray(declarations.id, [...ids]), inArray(declarations.state, ['queued', 'parked'])))
    .returning({ id: declarations.id })
  return cancelled.length
}

export async function findDeclarationOf(
  tx: Tx,
  wanted: { screeningId: string; declarationId: string },
): Promise<DeclarationRow | null> {
  const [row] = await tx
    .select()
    .from(declarations)
    .where(and(eq(declarations.id, wanted.declarationId), eq(declarations.screeningId, wanted.screeningId)))
  return row ?? null
}

/** Queues a parked declaration again, due now, its attempts counted anew; false where it is not parked any more. */
export async function releaseParked(tx: Tx, declarationId: string): Promise<boolean> {
  const released = await tx
    .update(declarations)
    .set({ state: 'queued', dueAt: sql`now()`, attemptCount: 0 })
    .where(and(eq(declarations.id, declarationId), eq(declarations.state, 'parked')))
    .returning({ id: declarations.id })
  if (released.length === 1) await tx.execute(sql`select pg_notify(${dueChannel}, '')`)
  return released.length === 1
}
