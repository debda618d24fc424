/** Professionals as Pro Santé Connect last described them, the pharmacies of this gateway, and who was seen where. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Role } from '../domain/roles.ts'
import type { Rpps } from '../domain/rpps.ts'
import type { Tx } from './database.ts'
import { memberships, pharmacies, professionals } from './schema.ts'

export type SeenProfessional = {
  /** Used where the RPPS is new here. */
  readonly newId: string
  readonly rpps: Rpps
  /** Pro Santé Connect's own name for the person; it may change while the RPPS stays. */
  readonly subject: string
  readonly familyName: string
  readonly givenName: string
  readonly at: Date
}

/** Adds or refreshes a professional by RPPS; says which id is theirs, and whether their subject is another one than before. */
export async function saveProfessional(tx: Tx, seen: SeenProfessional): Promise<{ id: string; subjectChanged: boolean }> {
  const { newId, rpps, subject, familyName, givenName, at } = seen
  const [before] = await tx
    .select({ subject: professionals.subject })
    .from(professionals)
    .where(eq(professionals.rpps, rpps))
    .for('update')
  const fresh = { subject, familyName, givenName, lastSignedInAt: at }
  const [saved] = await tx
    .insert(professionals)
    .values({ id: newId, rpps, createdAt: at, ...fresh })
    .onConflictDoUpdate({ target: professionals.rpps, set: fresh })
    .returning({ id: professionals.id })
  if (!saved) throw new Error('an upsert returns its row')
  return { id: saved.id, subjectChanged: before !== undefined && before.subject !== subject }
}

export type RegisteredPharmacy = { readonly id: string; readonly finess: string; readonly name: string }

const registered = { id: pharmacies.id, finess: pharmacies.finess, name: pharmacies.name }

/** Those of the given FINESS numbers that are pharmacies of this gateway; as many as asked for at most. */
/** Those in service alone: a pharmacy that config dropped is offered to nobody, and ends what was chosen. */
export async function listPharmaciesByFiness(tx: Tx, finess: readonly string[]): Promise<readonly RegisteredPharmacy[]> {
  if (finess.length === 0) return []
  return tx
    .select(registered)
    .from(pharmacies)
    .where(and(inArray(pharmacies.finess, [...finess]), pharmacies.inService))
}

export async function listPharmaciesById(tx: Tx, ids: readonly string[]): Promise<readonly RegisteredPharmacy[]> {
  if (ids.length === 0) return []
  return tx
    .select(registered)
    .from(pharmacies)
    .where(and(inArray(pharmacies.id, [...ids]), pharmacies.inService))
}

/** Notes the role in which Pro Santé Connect showed the professional at each pharmacy. */
export async function saveMemberships(
  tx: Tx,
  seen: {
    readonly professionalId: string
    readonly activities: ReadonlyArray<{ readonly pharmacyId: string; readonly role: Role }>
    readonly at: Date
  },
): Promise<void> {
  if (seen.activities.length === 0) return
  const rows = seen.activities.map(({ pharmacyId, role }) => ({
    pharmacyId,
    role,
    professionalId: seen.professionalId,
    seenAt: seen.at,
  }))
  await tx
    .insert(memberships)
    .values(rows)
    .onConflictDoUpdate({
      target: [memberships.pharmacyId, memberships.professionalId],
      set: { role: sql`excluded.role`, seenAt: sql`excluded.seen_at` },
    })
}
