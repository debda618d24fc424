/** The register of pharmacies: config declares them, the database gives each its id once. */
import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Finess } from '../domain/finess.ts'
import type { Pharmacy, PharmacySettings } from '../domain/pharmacy.ts'
import type { Tx } from './database.ts'
import { pharmacies } from './schema.ts'

/** Writes new pharmacies and changed names, and answers the register in the order of `settings`. Safe from many replicas at once. */
export async function ensurePharmacies(tx: Tx, settings: readonly PharmacySettings[], now: Date): Promise<readonly Pharmacy[]> {
  if (settings.length === 0) return []
  // Sorted, so that two replicas that start together lock the rows in one order.
  const rows = [...settings]
    .sort((a, b) => (a.finess < b.finess ? -1 : 1))
    .map(({ finess, name }) => ({ id: randomUUID(), finess, name, createdAt: now }))
  const written = await tx
    .insert(pharmacies)
    .values(rows)
    .onConflictDoUpdate({ target: pharmacies.finess, set: { name: sql`excluded.name` } })
    .returning({ id: pharmacies.id, finess: pharmacies.finess })
  const ids = new Map(written.map((row) => [row.finess as Finess, row.id]))
  return settings.map((pharmacy) => ({ ...pharmacy, id: ids.get(pharmacy.finess) ?? '' }))
}
