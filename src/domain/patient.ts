/** The patient's traits, as the French identity rules name them (RNIV): birth traits first, used names beside. */
import type { IdentityStatus, Ins } from './ins.ts'

export const sexes = ['female', 'male', 'unknown'] as const
export type Sex = (typeof sexes)[number]

export type Address = {
  readonly line: string | null
  readonly postalCode: string | null
  readonly city: string | null
  readonly country: 'FRA'
}

export type Patient = {
  readonly birthName: string
  /** First of the birth first names. */
  readonly birthFirstName: string
  /** All birth first names, the first included, separated by spaces. */
  readonly birthFirstNames: string
  readonly usedName: string | null
  readonly usedFirstName: string | null
  readonly sex: Sex
  /** `YYYY-MM-DD`. */
  readonly birthDate: string
  /** INSEE code of the birthplace (five characters; 99xxx abroad). */
  readonly birthPlaceInsee: string | null
  readonly ins: Ins | null
  readonly identityStatus: IdentityStatus
  readonly address: Address | null
  /** `+33612345678`. */
  readonly phone: string | null
  readonly email: string | null
}
