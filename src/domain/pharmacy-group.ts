/** A group of pharmacies, and who administers it: people whom the configuration names, never a claim of the sign-in. */
import type { Finess } from './finess.ts'
import type { Rpps } from './rpps.ts'

export type PharmacyGroup = {
  readonly name: string
  readonly pharmacies: readonly Finess[]
  /** National ids (RPPS) of those who see its ledgers and statements and write its credit notes. */
  readonly admins: readonly Rpps[]
}

/** Pharmacies that one person may administer: what they choose from is read with each of their requests. */
export const administeredMax = 200

/** The pharmacies that a person administers, each once; none for nearly everybody. */
export function pharmaciesAdministered(groups: readonly PharmacyGroup[], rpps: Rpps): ReadonlySet<Finess> {
  return new Set(groups.filter(({ admins }) => admins.includes(rpps)).flatMap(({ pharmacies }) => pharmacies))
}
