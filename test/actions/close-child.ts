/** Closes a month in a process of its own, and tells when the first statements are issued: to be killed then. */
import { readFileSync } from 'node:fs'
import { closeMonth } from '../../src/actions/statements/close-month.ts'
import { generateSigningKeys, openSigner } from '../../src/crypto/signing.ts'
import { readStatementFonts } from '../../src/formats/statement/fonts.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { sampleBuyer, sampleIssuer } from '../support/sample-statements.ts'

const fonts = readStatementFonts((path) => readFileSync(path))
const now = new Date('2026-11-01T08:00:00Z')
const deps = {
  database: openDatabase(process.argv[2] ?? ''),
  clock: { now: () => now },
  ...{ issuer: sampleIssuer, vatRateBasisPoints: 2000, demonstration: false },
  pricesOf: () => [],
  findPharmacy: (id: string) => ({ ...sampleBuyer, id, phone: null }),
  signer: openSigner(generateSigningKeys(now, 'child')),
  fonts: async () => fonts,
}
await closeMonth(deps, { month: '2026-10', pharmacyId: null, chunkSize: 5 }, () => process.send?.('billed'))
