/** What an erasure needs of the main database: which record keys stand behind a screening, and that its declarations end. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Tx } from './database.ts'
import { declarations, pharmacies, screenings } from './schema.ts'

export type ErasableScreening = {
  readonly screeningId: string
  readonly pharmacyId: string
  readonly keyRefs: readonly string[]
  readonly unsent: number
}

/** The pharmacies that hold rows, in or out of service: an erasure looks everywhere. */
export async function listPharmacyIds(tx: Tx, limit: number): Promise<string[]> {
  const rows = await tx.select({ id: pharmacies.id }).from(pharmacies).limit(limit)
  return rows.map((row) => row.id)
}

/** The screening within this pharmacy; null where it has none of that id. `unsent`: declarations whose effect is still open. */
export async function findErasable(tx: Tx, screeningId: string): Promise<ErasableScreening | null> {
  const versions = await tx
    .select({ pharmacyId: screenings.pharmacyId, keyRef: screenings.keyRef })
    .from(screenings)
    .where(eq(screenings.screeningId, screeningId))
  const [first] = versions
  if (!first) return null
  const [open] = await tx
    .select({ count: sql<number>`count(*)::int` })
    .from(declarations)
    .where(and(eq(declarations.screeningId, screeningId), inArray(declarations.state, ['queued', 'claimed', 'sent', 'parked'])))
  return {
    screeningId,
    pharmacyId: first.pharmacyId,
    keyRefs: [...new Set(versions.map((row) => row.keyRef))],
    unsent: open?.count ?? 0,
  }
}

/** Which of these record keys a screening of any pharmacy names (worker scope): what the sweep of the key store must keep. */
export async function listUsedKeyRefs(tx: Tx, refs: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx
    .selectDistinct({ keyRef: screenings.keyRef })
    .from(screenings)
    .where(inArray(screenings.keyRef, [...refs]))
  return new Set(rows.map((row) => row.keyRef))
}
