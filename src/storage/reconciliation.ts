/** Our side of a reconciliation: the declarations of one day and destination, by control id. */
import { sql } from 'drizzle-orm'
import type { OurSide } from '../domain/reconciliation.ts'
import type { Tx } from './database.ts'

export type SentDeclaration = OurSide & { readonly digests: readonly string[] }

/** A page of the declarations whose version was signed on this Paris day, in the order of their (random) ids; `after` begins the next. */
export async function listDeclaredOn(
  tx: Tx,
  wanted: {
    readonly pharmacyId: string | null
    readonly destination: string
    readonly day: string
    readonly after: string
    readonly limit: number
  },
): Promise<readonly SentDeclaration[]> {
  const { pharmacyId, destination, day, after, limit } = wanted
  const rows = await tx.execute<SentDeclaration & Record<string, unknown>>(sql`
    select d.id as "declarationId", d.screening_id as "screeningId", d.pharmacy_id as "pharmacyId", d.control_id as "controlId", d.state,
      exists (select from attempts a where a.declaration_id = d.id and a.message_sha256 is not null) as tried,
      array(select a.message_sha256 from attempts a where a.declaration_id = d.id and a.message_sha256 is not null) as digests
    from pharmacies p
    join screenings s on s.pharmacy_id = p.id and s.signed_at >= (${day}::timestamp at time zone 'Europe/Paris')
      and s.signed_at < ((${day}::date + 1)::timestamp at time zone 'Europe/Paris')
    join declarations d on d.screening_id = s.screening_id and d.version = s.version and d.destination = ${destination}
    where d.id > ${after} and ${pharmacyId === null ? sql`true` : sql`p.id = ${pharmacyId}`} order by d.id limit ${limit}`)
  return [...rows]
}

/** Which of these control ids are ours at this destination. */
export async function listKnownControlIds(
  tx: Tx,
  wanted: { readonly destination: string; readonly controlIds: readonly string[] },
): Promise<ReadonlySet<string>> {
  const rows = await tx.execute<{ id: string }>(sql`
    select control_id as id from declarations
    where control_id = any(${sql.param([...wanted.controlIds])}::text[]) and destination = ${wanted.destination}`)
  return new Set(rows.map((row) => row.id))
}
