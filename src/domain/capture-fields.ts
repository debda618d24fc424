/** The fields of a capture, what can be wrong with each, and the rules that they are read under. */
import type { Profile } from './profile.ts'
import type { Act } from './screening.ts'
import type { TestKit } from './test-kit.ts'

/** Field names of the capture form and of the API, in the order of the page. All values are text, as typed. */
export const captureFields = [
  'birthName',
  'birthFirstName',
  'birthFirstNames',
  'usedName',
  'usedFirstName',
  'sex',
  'birthDate',
  'birthPlaceInsee',
  'insMatricule',
  'insAuthority',
  'identityStatus',
  'addressLine',
  'postalCode',
  'city',
  'phone',
  'email',
  'sampledAt',
  'testKitId',
  'kitUdiIssuer',
  'kitUdi',
  'kitLot',
  'kitExpiry',
  'result.sars-cov-2',
  'result.influenza-a',
  'result.influenza-b',
  'result.rsv',
  'result.strep-a',
  'symptoms',
  'consent',
  'comment',
] as const
export type CaptureField = (typeof captureFields)[number]
export type CaptureInput = Partial<Record<CaptureField, string>>

export const fieldProblemCodes = [
  'required',
  'too-long',
  'forbidden-character',
  'not-a-choice',
  'not-a-date',
  'date-in-future',
  'date-too-old',
  'not-a-time',
  'time-does-not-exist',
  'time-in-future',
  'time-too-old',
  'time-before-birth',
  'nir-not-fifteen-characters',
  'nir-bad-shape',
  'nir-bad-key',
  'nir-sex-differs',
  'nir-birth-year-differs',
  'status-needs-ins',
  'insee-code-bad-shape',
  'postal-code-bad-shape',
  'phone-bad-shape',
  'email-bad-shape',
  'unknown-test-kit',
  'test-kit-expired',
  'not-read-by-kit',
  'udi-bad-shape',
  'consent-cannot-return',
] as const
export type FieldProblemCode = (typeof fieldProblemCodes)[number]
export type FieldProblem = { readonly field: CaptureField; readonly code: FieldProblemCode }

export type CaptureRules = {
  readonly now: Date
  readonly profile: Profile
  readonly findTestKit: (id: string) => TestKit | null
  /** For a correction: what was said before. It may be older than a capture's sampling, and its consent binds. */
  readonly corrects?: Act
}
