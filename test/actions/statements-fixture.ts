/** Statements over a real database: two pharmacies, charges with their receipts written past the wall, a clock, a signing key. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Sql } from 'postgres'
import type { StatementDeps } from '../../src/actions/statements/deps.ts'
import { generateSigningKeys, openSigner } from '../../src/crypto/signing.ts'
import type { Finess } from '../../src/domain/finess.ts'
import type { Pharmacy } from '../../src/domain/pharmacy.ts'
import { readStatementFonts } from '../../src/formats/statement/fonts.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { ensurePharmacies } from '../../src/storage/pharmacies.ts'
import { connect, createTestDatabases } from '../support/database.ts'
import { sampleIssuer } from '../support/sample-statements.ts'

const fonts = readStatementFonts((path) => readFileSync(path))
const signer = openSigner(generateSigningKeys(new Date('2026-01-01T00:00:00Z'), 'test'))

export type StatementsWorld = {
  readonly deps: StatementDeps
  readonly database: Database
  readonly admin: Sql
  readonly pharmacies: readonly [Pharmacy, Pharmacy]
  readonly appUrl: string
  setNow(instant: string): void
  /** Writes charges of these instants, each with screening, declaration and receipt; through `sql`, so that it may be a transaction. */
  charge(
    pharmacy: Pharmacy,
    instants: readonly string[],
    options?: { amountCents?: number; kind?: 'charge' | 'credit'; sql?: Sql },
  ): Promise<void>
  close(): Promise<void>
}

export async function openStatementsWorld(superUrl: string, pharmacyCount = 2): Promise<StatementsWorld> {
  const databases = await createTestDatabases(superUrl)
  const database = openDatabase(databases.appUrl, { connectionsMax: 6, statementTimeoutMs: 60_000 })
  const admin = connect(databases.superUrl)
  const settings = Array.from({ length: pharmacyCount }, (_, index) => ({
    finess: `75${String(index).padStart(6, '0')}0` as Finess,
    name: `Pharmacie n° ${index}`,
    ...{ addressLine: '1, rue', postalCode: '75007', city: 'Paris', phone: null },
  }))
  let now = new Date('2026-11-01T08:00:00Z')
  const register = await database.forNobody((tx) => ensurePharmacies(tx, settings, now))
  const [first, second] = register
  if (!first || !second) throw new Error('the register answered too little')
  const professionalId = randomUUID()
  await admin`insert into professionals values (${professionalId}, '10000000001', ${professionalId}, 'MARTIN', 'Alix', ${now}, ${now})`
  let serial = 0
  return {
    deps: {
      database,
      clock: { now: () => now },
      issuer: sampleIssuer,
      vatRateBasisPoints: 2000,
      demonstration: false,
      findPharmacy: (id) => register.find((one) => one.id === id) ?? null,
      signer,
      fonts: async () => fonts,
    },
    ...{ database, admin, pharmacies: [first, second], appUrl: databases.appUrl },
    setNow: (instant) => {
      now = new Date(instant)
    },
    charge: async (pharmacy, instants, { amountCents = 100, kind = 'charge', sql = admin } = {}) => {
      for (const at of instants) {
        const [screeningId, versionId, declarationId] = [randomUUID(), randomUUID(), randomUUID()]
        const controlId = `C${String(serial++).padStart(9, '0')}`
        await sql`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by,
            signed_role, captured_at, signed_at)
          values (${versionId}, ${screeningId}, ${pharmacy.id}, 1, 'signed', ${randomUUID()}, '\\x00', '\\x00', ${professionalId}, ${professionalId}, 'titular', ${at}, ${at})`
        await sql`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, state, control_id)
          values (${declarationId}, ${pharmacy.id}, ${screeningId}, ${versionId}, 1, 'sidep', 'original', 'accepted', ${controlId})`
        await sql`insert into receipts values (${declarationId}, ${pharmacy.id}, 'sidep', ${controlId}, null, ${'0'.repeat(64)}, ${at})`
        await sql`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
          values (${screeningId}, ${kind}, ${pharmacy.id}, ${declarationId}, 'sidep', ${at}, ${kind === 'credit' ? -amountCents : amountCents}, 'EUR', 'standard', false)`
      }
    },
    close: async () => {
      await database.close()
      await admin.end()
      await databases.drop()
    },
  }
}
