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
  /** Writes charges of these instants, each with screening, declaration and receipt, and answers the screenings; through `sql`, so that it may be a transaction. */
  charge(
    pharmacy: Pharmacy,
    instants: readonly string[],
    options?: { amountCents?: number; sql?: Sql },
  ): Promise<readonly string[]>
  /** Gives the charge of a screening back, with the receipt of its cancellation. */
  refund(pharmacy: Pharmacy, screeningId: string | undefined, at: string): Promise<void>
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
  type Version = { version: number; kind: 'original' | 'cancellation' }
  /** Signed, declared, and taken at this instant. */
  const write = async (sql: Sql, pharmacy: Pharmacy, screeningId: string, at: string, { version, kind }: Version) => {
    const [versionId, declarationId] = [randomUUID(), randomUUID()]
    const controlId = `C${String(serial++).padStart(9, '0')}`
    await sql`insert into screenings (version_id, screening_id, pharmacy_id, version, status, key_ref, patient, act, drafted_by, signed_by,
        signed_role, captured_at, signed_at)
      values (${versionId}, ${screeningId}, ${pharmacy.id}, ${version}, 'signed', ${randomUUID()}, '\\x00', '\\x00', ${professionalId}, ${professionalId}, 'titular', ${at}, ${at})`
    await sql`insert into declarations (id, pharmacy_id, screening_id, version_id, version, destination, kind, replaces_version, state, control_id)
      values (${declarationId}, ${pharmacy.id}, ${screeningId}, ${versionId}, ${version}, 'sidep', ${kind}, ${kind === 'original' ? null : 1}, 'accepted', ${controlId})`
    await sql`insert into receipts (declaration_id, pharmacy_id, destination, control_id, answer_sha256, received_at, billed)
      values (${declarationId}, ${pharmacy.id}, 'sidep', ${controlId}, ${'0'.repeat(64)}, ${at}, ${kind === 'original'})`
    return declarationId
  }
  return {
    deps: {
      database,
      clock: { now: () => now },
      issuer: sampleIssuer,
      vatRateBasisPoints: 2000,
      demonstration: false,
      pricesOf: () => [{ tariffId: 'standard', amountCents: 100, from: null, until: null }],
      findPharmacy: (id) => register.find((one) => one.id === id) ?? null,
      signer,
      fonts: async () => fonts,
    },
    ...{ database, admin, pharmacies: [first, second], appUrl: databases.appUrl },
    setNow: (instant) => {
      now = new Date(instant)
    },
    charge: async (pharmacy, instants, { amountCents = 100, sql = admin } = {}) => {
      const screenings: string[] = []
      for (const at of instants) {
        const screeningId = randomUUID()
        const declarationId = await write(sql, pharmacy, screeningId, at, { version: 1, kind: 'original' })
        await sql`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
          values (${screeningId}, 'charge', ${pharmacy.id}, ${declarationId}, 'sidep', ${at}, ${amountCents}, 'EUR', 'standard', false)`
        screenings.push(screeningId)
      }
      return screenings
    },
    refund: async (pharmacy, screeningId, at) => {
      if (screeningId === undefined) throw new Error('no screening to refund')
      const declarationId = await write(admin, pharmacy, screeningId, at, { version: 2, kind: 'cancellation' })
      await admin`insert into charges (screening_id, kind, pharmacy_id, declaration_id, destination, charged_at, amount_cents, currency, tariff_id, demonstration)
        select screening_id, 'credit', pharmacy_id, ${declarationId}, destination, ${at}, -amount_cents, currency, tariff_id, demonstration
        from charges where screening_id = ${screeningId}`
    },
    close: async () => {
      await database.close()
      await admin.end()
      await databases.drop()
    },
  }
}
