/** Screenings as rows: one a version, sealed columns passing through unopened. */
import { and, asc, desc, eq, gte, lt, ne, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Author } from '../domain/declaration-document.ts'
import type { Tx } from './database.ts'
import { professionals, screenings } from './schema.ts'

export type ScreeningRow = typeof screenings.$inferSelect
export type NewScreeningRow = typeof screenings.$inferInsert
export type NamedScreeningRow = ScreeningRow & {
  readonly draftedByName: { readonly familyName: string; readonly givenName: string }
  readonly signedByName: { readonly familyName: string; readonly givenName: string } | null
}

export async function insertScreening(tx: Tx, row: NewScreeningRow): Promise<void> {
  await tx.insert(screenings).values(row)
}

const drafter = alias(professionals, 'drafter')
const signer = alias(professionals, 'signer')

/** The newest version, with the names of those who drafted and signed it; null where this pharmacy has none. */
export async function findCurrentScreening(tx: Tx, screeningId: string): Promise<NamedScreeningRow | null> {
  const [found] = await tx
    .select({ row: screenings, drafter, signer })
    .from(screenings)
    .innerJoin(drafter, eq(drafter.id, screenings.draftedBy))
    .leftJoin(signer, eq(signer.id, screenings.signedBy))
    .where(eq(screenings.screeningId, screeningId))
    .orderBy(desc(screenings.version))
    .limit(1)
  return found ? named(found) : null
}

type Joined = { row: ScreeningRow; drafter: typeof professionals.$inferSelect; signer: typeof professionals.$inferSelect | null }

function named({ row, drafter, signer }: Joined): NamedScreeningRow {
  const { familyName, givenName } = drafter
  const signedByName = signer && { familyName: signer.familyName, givenName: signer.givenName }
  return { ...row, draftedByName: { familyName, givenName }, signedByName }
}

/** The Paris day on which this pharmacy signed its first one; null before it. The first entry of `screenings_by_signing`, however long the past. */
export async function findFirstSigningDay(tx: Tx, pharmacyId: string): Promise<string | null> {
  const [row] = await tx.execute<{ day: string }>(sql`
    select (signed_at at time zone 'Europe/Paris')::date::text as day from screenings
    where pharmacy_id = ${pharmacyId} and signed_at is not null order by signed_at limit 1`)
  return row?.day ?? null
}

/** Current versions captured in [from, until), newest first; ties broken by a random id, so that order tells nothing finer. */
export async function listScreeningsBetween(
  tx: Tx,
  range: { pharmacyId: string; from: Date; until: Date; limit: number },
): Promise<ScreeningRow[]> {
  return tx
    .select()
    .from(screenings)
    .where(
      and(
        // Said here beside row-level security: two walls, either of which holds alone.
        eq(screenings.pharmacyId, range.pharmacyId),
        gte(screenings.capturedAt, range.from),
        lt(screenings.capturedAt, range.until),
        ne(screenings.status, 'superseded'),
      ),
    )
    .orderBy(desc(screenings.capturedAt), asc(screenings.versionId))
    .limit(range.limit)
}

export type DraftSignature = Pick<ScreeningRow, 'versionId' | 'patient' | 'act' | 'identityIndex' | 'insIndex'> & {
  readonly signedBy: string
  readonly signedRole: Author['role']
  readonly signedAt: Date
  readonly declaredTo: string[]
}

/** Turns a draft into a signed version; false where it is no draft any more (somebody was faster). */
export async function signDraft(tx: Tx, signature: DraftSignature): Promise<boolean> {
  const { versionId, ...signed } = signature
  const won = await tx
    .update(screenings)
    .set({ status: 'signed', ...signed })
    .where(and(eq(screenings.versionId, versionId), eq(screenings.status, 'draft')))
    .returning({ versionId: screenings.versionId })
  return won.length === 1
}

/** Takes a signed version out of force because a newer one takes its place; false where it is not in force any more. */
export async function supersede(tx: Tx, versionId: string): Promise<boolean> {
  const won = await tx
    .update(screenings)
    .set({ status: 'superseded' })
    .where(and(eq(screenings.versionId, versionId), eq(screenings.status, 'signed')))
    .returning({ versionId: screenings.versionId })
  return won.length === 1
}

/** The newest `limit` versions, oldest first, with the names of those who drafted and signed them. */
export async function listVersions(tx: Tx, screeningId: string, limit: number): Promise<NamedScreeningRow[]> {
  const found = await tx
    .select({ row: screenings, drafter, signer })
    .from(screenings)
    .innerJoin(drafter, eq(drafter.id, screenings.draftedBy))
    .leftJoin(signer, eq(signer.id, screenings.signedBy))
    .where(eq(screenings.screeningId, screeningId))
    .orderBy(desc(screenings.version))
    .limit(limit)
  return found.map(named).toReversed()
}
