/** What stands against closing a month and shows in the rows alone: charges of a demonstration, numbers that another issuer gave. */
import { sql } from 'drizzle-orm'
import type { Tx } from './database.ts'

const listedMax = 5_000

/**
 * Pharmacies of which this month would bill charges that a demonstration wrote, late ones included: nobody owes them. Read from
 * `charges_by_month` alone, as the billing itself is.
 */
export async function listDemonstrationCharges(tx: Tx, options: { month: string; pharmacyId: string | null }) {
  const { month, pharmacyId } = options
  const first = sql`${`${month}-01`}::date`
  const rows = await tx.execute<{ finess: string; month: string }>(sql`
    select p.finess, ${month}::text as month from pharmacies p
    where ${pharmacyId === null ? sql`true` : sql`p.id = ${pharmacyId}`} and (
      exists (select from charges c where c.pharmacy_id = p.id and c.charged_on >= ${first} and c.charged_on < (${first} + interval '1 month')::date
        and c.demonstration)
      or exists (select from late_charges l join charges c on c.screening_id = l.screening_id and c.kind = l.kind
        where l.pharmacy_id = p.id and l.billing_month = ${first} and c.demonstration))
      and not exists (select from billing_months b where b.pharmacy_id = p.id and b.month = ${first} and b.completed_at is not null)
    order by p.finess limit ${listedMax}`)
  return [...rows]
}

/**
 * True where another issuer has given numbers that begin so, in whatever year: its series goes on under that prefix for as long as
 * its statements are credited, and a number is given once.
 */
export async function isPrefixTaken(tx: Tx, options: { issuer: string; prefix: string }): Promise<boolean> {
  const [row] = await tx.execute<{ taken: boolean }>(sql`
    select exists (select from statement_series o join statements s on s.issuer = o.issuer and s.year = o.year
      where o.issuer <> ${options.issuer} and starts_with(s.number, ${`${options.prefix}-`})) as taken`)
  return row?.taken ?? false
}
