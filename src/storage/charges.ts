/** Charges: the part of a settlement that writes them, beside the receipt and never without it. */
import { type SQL, sql } from 'drizzle-orm'
import type { ChargeTerms } from '../domain/tariff.ts'
import type { Tx } from './database.ts'

/** The terms as columns of the settlement's input; all null where nothing is billed. */
export function chargeInput(terms: ChargeTerms | null) {
  return {
    prices: terms?.prices ?? null,
    currency: terms?.currency ?? null,
    refund: terms?.refundOnCancellation ?? false,
    demonstration: terms?.demonstration ?? false,
  }
}

export const chargeColumns = sql`prices jsonb, currency text, refund boolean, demonstration boolean`

/**
 * Parts of the settling statement, after `won`: one charge for a screening's first accepted original, whoever else accepts
 * one at the same moment (the key decides), at the price in force at the receipt's own instant; and a credit for a cancellation where the terms refund. In order of the
 * screening, so that two sets that meet wait for each other in one direction only.
 */
export const chargeParts: SQL = sql`charged as (
      insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
      select won.screening_id, 'charge', won.pharmacy_id, won.id, won.destination, now(), price."amountCents", won.currency, price."tariffId", won.demonstration
      from won cross join lateral (
        select * from rows from (jsonb_to_recordset(won.prices) as ("tariffId" text, "amountCents" int, "from" timestamptz, until timestamptz))
          with ordinality as p ("tariffId", "amountCents", "from", until, place)
        where (p."from" is null or p."from" <= now()) and (p.until is null or now() < p.until) order by place limit 1) price
      where won.state = 'accepted' and won.kind = 'original' and won.prices is not null
      order by won.screening_id, won.id
      on conflict (screening_id, kind) do nothing
    ), refunded as (
      insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
      select paid.screening_id, 'credit', paid.pharmacy_id, won.id, won.destination, now(), -paid.amount_cents, paid.currency, paid.tariff_id, paid.demonstration
      from won join charges paid on paid.screening_id = won.screening_id and paid.kind = 'charge' and paid.destination = won.destination
      where won.state = 'accepted' and won.kind = 'cancellation' and won.refund
      order by won.screening_id, won.id
      on conflict (screening_id, kind) do nothing
    )`

export type ChargeSum = { readonly charges: number; readonly credits: number; readonly cents: number }

/** What one pharmacy was charged between two Paris days, both included, from the index alone. */
export async function sumCharges(
  tx: Tx,
  range: { readonly pharmacyId: string; readonly firstDay: string; readonly lastDay: string },
): Promise<ChargeSum> {
  const [row] = await tx.execute<ChargeSum & Record<string, unknown>>(sql`
    select count(*) filter (where kind = 'charge')::int as charges, count(*) filter (where kind = 'credit')::int as credits,
      coalesce(sum(amount_cents), 0)::int as cents
    from charges where pharmacy_id = ${range.pharmacyId} and charged_on between ${range.firstDay}::date and ${range.lastDay}::date`)
  return { charges: row?.charges ?? 0, credits: row?.credits ?? 0, cents: row?.cents ?? 0 }
}
