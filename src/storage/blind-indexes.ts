/** Rows found again by blind index: candidates alone, since an index says "perhaps" and the opened row says yes or no. */
import { and, asc, eq, gt, gte, inArray, isNull, or, sql } from 'drizzle-orm'
import type { Tx } from './database.ts'
import { screenings } from './schema.ts'
import type { ScreeningRow } from './screenings.ts'

export type IndexValues = { readonly identityIndex: string; readonly insIndex: string | null }
export type Candidate = Pick<
  ScreeningRow,
  'versionId' | 'screeningId' | 'pharmacyId' | 'status' | 'keyRef' | 'patient' | 'capturedAt' | 'identityIndex'
>

const candidateColumns = {
  versionId: screenings.versionId,
  screeningId: screenings.screeningId,
  pharmacyId: screenings.pharmacyId,
  status: screenings.status,
  keyRef: screenings.keyRef,
  patient: screenings.patient,
  capturedAt: screenings.capturedAt,
  identityIndex: screenings.identityIndex,
}

/** Screenings in force, or drafts, captured since `from` whose indexes are these; oldest first. */
export async function listCandidatesSince(
  tx: Tx,
  search: { readonly pharmacyId: string; readonly indexes: IndexValues; readonly from: Date; readonly limit: number },
): Promise<Candidate[]> {
  const { pharmacyId, indexes, from, limit } = search
  return tx
    .select(candidateColumns)
    .from(screenings)
    .where(
      and(
        eq(screenings.pharmacyId, pharmacyId),
        matches({ identity: [indexes.identityIndex], ins: indexes.insIndex === null ? [] : [indexes.insIndex] }),
        gte(screenings.capturedAt, from),
        inArray(screenings.status, ['draft', 'signed']),
      ),
    )
    .orderBy(asc(screenings.capturedAt))
    .limit(limit)
}

/** `version.bits` of every index that stands in a row of the pharmacy. */
export async function listIndexShapes(tx: Tx, pharmacyId: string): Promise<string[]> {
  const rows = await tx
    .selectDistinct({ shape: sql<string>`substring(${screenings.identityIndex} from '^[0-9]+[.][0-9]+')` })
    .from(screenings)
    .where(and(eq(screenings.pharmacyId, pharmacyId), sql`${screenings.identityIndex} is not null`))
  return rows.map((row) => row.shape)
}

/**
 * Every version that can be of the person: with one of these indexes, or written by a release before indexes, which only opening
 * tells. By version id, after `afterVersionId`.
 */
export async function listCandidates(
  tx: Tx,
  search: {
    readonly pharmacyId: string
    readonly identity: readonly string[]
    readonly ins: readonly string[]
    readonly afterVersionId: string
    readonly limit: number
  },
): Promise<Candidate[]> {
  return tx
    .select(candidateColumns)
    .from(screenings)
    .where(
      and(
        eq(screenings.pharmacyId, search.pharmacyId),
        or(matches(search), isNull(screenings.identityIndex)),
        // What has left by its retention holds nobody any more.
        sql`octet_length(${screenings.patient}) > 0`,
        gt(screenings.versionId, search.afterVersionId),
      ),
    )
    .orderBy(asc(screenings.versionId))
    .limit(search.limit)
}

/** An erased screening is not found any more, not even as "perhaps". */
export async function clearIndexes(tx: Tx, screeningId: string): Promise<void> {
  await tx.update(screenings).set({ identityIndex: null, insIndex: null }).where(eq(screenings.screeningId, screeningId))
}

function matches({ identity, ins }: { readonly identity: readonly string[]; readonly ins: readonly string[] }) {
  return or(inArray(screenings.identityIndex, [...identity]), inArray(screenings.insIndex, [...ins]))
}
