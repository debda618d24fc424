/** What the verbs of billing are given, and how they refuse. */
import type { Clock } from '../../base/clock.ts'
import type { Signer } from '../../crypto/signing.ts'
import type { Finess } from '../../domain/finess.ts'
import type { Pharmacy } from '../../domain/pharmacy.ts'
import type { Issuer, Price } from '../../domain/tariff.ts'
import type { StatementFonts } from '../../formats/statement/fonts.ts'
import type { Database } from '../../storage/database.ts'

export type StatementDeps = {
  readonly database: Pick<Database, 'forPharmacy' | 'forWorker' | 'forNobody'>
  readonly clock: Clock
  /** Null where the configuration names nobody who bills. */
  readonly issuer: Issuer | null
  readonly vatRateBasisPoints: number
  readonly demonstration: boolean
  /** By the tariff of today, which keeps the prices of every day that was. */
  readonly pricesOf: (finess: Finess) => readonly Price[]
  /** Null for a pharmacy that left the configuration: its address is not known any more. */
  readonly findPharmacy: (pharmacyId: string) => Pharmacy | null
  /** Null without `SIGNING_KEYS_FILE`. */
  readonly signer: Signer | null
  readonly fonts: () => Promise<StatementFonts>
}

export const closeProblems = [
  ...(['month-not-over', 'no-issuer', 'no-signing-key', 'prefix-taken'] as const),
  ...(['demonstration-charges', 'earlier-month-open'] as const),
] as const
export type CloseProblem = (typeof closeProblems)[number]
