/** Two pharmacies with one row each in every table that belongs to a pharmacy, written past row-level security. */
import { createHash, randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'

export type TenantRows = {
  readonly pharmacyId: string
  readonly professionalId: string
  readonly screeningId: string
  readonly versionId: string
  readonly declarationId: string
}

/** Tables whose rows are a pharmacy's alone. */
export const tenantTables = [
  'screenings',
  'declarations',
  'attempts',
  'attempt_counts',
  'receipts',
  'charges',
  'billing_months',
  'late_charges',
  'statements',
  'statement_files',
  'statement_seals',
  'ledger_closes',
  'ledger_days',
  'ledger_movements',
  'ledger_carried',
  'received_by_hand',
  'retry_batches',
  'retry_batch_items',
  'reconciliations',
  'reconciliation_differences',
  'idempotency_keys',
  'audit_events',
] as const

export async function writeTenantRows(admin: Sql, pharmacy: { readonly finess: string }): Promise<TenantRows> {
  const ids = {
    pharmacyId: randomUUID(),
    professionalId: randomUUID(),
    screeningId: randomUUID(),
    versionId: randomUUID(),
    declarationId: randomUUID(),
  }
  const { pharmacyId, professionalId, screeningId, versionId, declarationId } = ids
  const at = new Date('2026-07-15T10:00:00Z')
  const digest = createHash('sha256').update(pharmacyId).digest()
  const rpps = String(10_000_000_000 + Number(pharmacy.finess))
  await admin`insert into pharmacies values (${pharmacyId}, ${pharmacy.finess}, 'Pharmacie', ${at})`
  await admin`insert into professionals values (${professionalId}, ${rpps}, ${pharmacyId}, 'MARTIN', 'Alix', ${at}, ${at})`
  await admin`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by,
      signed_by, signed_role, captured_at, signed_at)
    values (${versionId}, ${screeningId}, ${pharmacyId}, 1, 'signed', ${randomUUID()}, ${digest}, ${digest}, ${professionalId},
      ${professionalId}, 'titular', ${at}, ${at})`
  const controlId = `C${pharmacy.finess}`
  await admin`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id)
    values (${declarationId}, ${pharmacyId}, ${screeningId}, ${versionId}, 1, 'sidep', 'original', 'queued', ${controlId})`
  await admin`insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at) values (${declarationId}, 1, ${pharmacyId}, 'w', ${at})`
  await admin`insert into attempt_counts values (${pharmacyId}, ${at}, 'sidep', 'transient', 'busy', 1)`
  await admin`insert into receipts values (${declarationId}, ${pharmacyId}, 'sidep', ${controlId}, null, ${digest.toString('hex')}, ${at})`
  await admin`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
    values (${screeningId}, 'charge', ${pharmacyId}, ${declarationId}, 'sidep', ${at}, 100, 'EUR', 'standard', false)`
  // Frozen after the charge was written: a charge that comes late is noted by the database itself.
  await admin`insert into billing_months values (${pharmacyId}, '2026-07-01', ${at}, null)`
  await admin`insert into late_charges values (${screeningId}, 'charge', ${pharmacyId}, '2026-07-15', 100, '2026-08-01')`
  const number = `PAS-2026-${pharmacy.finess.slice(0, 6)}`
  await admin`insert into statements values (${number}, ${pharmacy.finess}, 2026, 1, ${pharmacyId}, 'invoice', '2026-07-01', null, '2026-08-01',
    100, 20, 120, '{}', null, ${at})`
  await admin`insert into statement_files values (${number}, 'json', ${pharmacyId}, ${digest})`
  await admin`insert into statement_seals values (${number}, ${pharmacyId}, '{}', '..', 'k', ${at})`
  await admin`insert into received_by_hand values (${declarationId}, ${pharmacyId}, 'parked', 'answer-lost', ${digest}, ${professionalId}, null, ${at})`
  await admin`insert into retry_batches (id, pharmacy_id, requested_by, filter, per_second, state, needs_approval, chosen)
    values (${declarationId}, ${pharmacyId}, ${professionalId}, '{}', 5, 'running', false, 1)`
  await admin`insert into reconciliations (id, pharmacy_id, destination, day, requested_by)
    values (${declarationId}, ${pharmacyId}, 'sidep', '2026-07-15', ${professionalId})`
  await admin`insert into reconciliation_differences (id, reconciliation_id, pharmacy_id, control_id, problem, proposal)
    values (${declarationId}, ${declarationId}, ${pharmacyId}, ${controlId}, 'unknown-to-us', 'ask-them')`
  await admin`insert into retry_batch_items values (${declarationId}, ${declarationId}, ${pharmacyId}, 1, null)`
  await admin`insert into ledger_closes values (${pharmacyId}, '2026-07-15', ${at})`
  await admin`insert into ledger_days values (${pharmacyId}, '2026-07-15', 'sidep', 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ${at})`
  await admin`insert into ledger_movements values (${pharmacyId}, '2026-07-15', 'sidep', '2026-07-16', 1, 0, 0, 1, 1, 1, 1, 1, 0)`
  await admin`insert into ledger_carried values (${pharmacyId}, '2026-07-15', 'sidep', ${declarationId})`
  await admin`insert into idempotency_keys values (${pharmacyId}, ${digest}, ${digest}, ${screeningId}, ${at})`
  await admin`insert into audit_events (at, actor_kind, pharmacy_id, action, outcome) values (${at}, 'system', ${pharmacyId}, 'access', 'done')`
  return ids
}
