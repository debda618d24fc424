/** The register of pharmacies: config declares them, the database gives each its id once. */
import { randomUUID } from 'node:crypto'
import { and, notInArray, sql } from 'drizzle-orm'
import { assert } from '../base/assert.ts'
import type { Finess } from '../domain/finess.ts'
import type { Pharmacy, PharmacySettings } from '../domain/pharmacy.ts'
import type { Tx } from './database.ts'
import { pharmacies } from './schema.ts'

/** Writes new pharmacies and changed names, takes those that config dropped out of service, and answers the register in the order of `settings`. Safe from many replicas at once. */
export async function ensurePharmacies(tx: Tx, settings: readonly PharmacySettings[], now: Date): Promise<readonly Pharmacy[]> {
  if (settings.length === 0) return []
  // Sorted, so that two replicas that start together lock the rows in one order.
  const rows = [...settings]
    .sort((a, b) => (a.finess < b.finess ? -1 : 1))
    .map(({ finess, name }) => ({ id: randomUUID(), finess, name, createdAt: now }))
  const written = await tx
    .insert(pharmacies)
    .values(rows)
    .onConflictDoUpdate({ target: pharmacies.finess, set: { name: sql`excluded.name`, inService: true } })
    .returning({ id: pharmacies.id, finess: pharmacies.finess })
  const kept = settings.map(({ finess }) => finess)
  await tx
    .update(pharmacies)
    .set({ inService: false })
    .where(and(notInArray(pharmacies.finess, kept), pharmacies.inService))
  const ids = new Map(written.map((row) => [row.finess as Finess, row.id]))
  return settings.map((pharmacy) => {
    const id = ids.get(pharmacy.finess)
    assert(id, 'every pharmacy that is written has its id answered')
    return { ...pharmacy, id }
  })
}
