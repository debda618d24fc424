/** Everything that a format needs to write one declaration: opened for one send, never stored in this form. */
import type { DeclarationKind } from './declaration.ts'
import type { Patient } from './patient.ts'
import type { PharmacySettings } from './pharmacy.ts'
import type { Profile } from './profile.ts'
import type { Rpps } from './rpps.ts'
import type { Act } from './screening.ts'

export type Author = {
  readonly rpps: Rpps
  readonly familyName: string
  readonly givenName: string
  readonly role: 'titular' | 'pharmacist' | 'student'
}

export type DeclarationDocument = {
  readonly declarationId: string
  /** MSH-10: the same for every attempt of this declaration; ≤ 20 characters of A–Z and 0–9. */
  readonly controlId: string
  readonly kind: DeclarationKind
  readonly screeningId: string
  /** 1 for the original; grows with each replacement; a cancellation has a version of its own. */
  readonly version: number
  /** The version that this one replaces or cancels; null for an original. */
  readonly replacesVersion: number | null
  /** When this version was signed, ISO 8601 in UTC. */
  readonly signedAt: string
  readonly patient: Patient
  readonly act: Act
  readonly author: Author
  readonly pharmacy: PharmacySettings
  readonly profile: Profile
}
