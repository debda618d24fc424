/** Reads the patient's traits, INS and contact details out of the typed-in fields. */
import type { CaptureRules } from './capture-fields.ts'
import type { FieldReader } from './field-reader.ts'
import { type Ins, type InsAuthority, identityStatuses } from './ins.ts'
import { type NirProblem, parseNir } from './nir.ts'
import { parisDay } from './paris-time.ts'
import { type Address, type Patient, type Sex, sexes } from './patient.ts'

/** HL7 FN and the CDA header carry names of 50 characters without trouble at any receiver that we know. */
const nameLengthMax = 50
const ageMaxYears = 125
/** RFC 5321 without quoted local parts and address literals: what people have, and nothing hidden in it. */
const emailShape =
  /^(?=.{1,254}$)(?=.{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([a-z0-9-]{1,63}\.){1,5}[a-z]{2,63}$/i

const nirProblemCodes = {
  'not-fifteen-characters': 'nir-not-fifteen-characters',
  'bad-shape': 'nir-bad-shape',
  'bad-key': 'nir-bad-key',
} as const satisfies Record<NirProblem, string>

/** `birthDate` stands beside the patient: the sampling time is checked against it though another trait is missing. */
export type Identity = { readonly patient: Patient | null; readonly birthDate: string | null }

export function parseIdentity(reader: FieldReader, rules: CaptureRules): Identity {
  const birthName = reader.name('birthName', { required: true, lengthMax: nameLengthMax })
  const birthFirstName = reader.name('birthFirstName', { required: true, lengthMax: nameLengthMax })
  const birthFirstNames = reader.name('birthFirstNames', { lengthMax: 100 })
  const usedName = reader.name('usedName', { lengthMax: nameLengthMax })
  const usedFirstName = reader.name('usedFirstName', { lengthMax: nameLengthMax })
  const sex = reader.choice('sex', sexes, { required: true })
  const birthDate = parseBirthDate(reader, rules)
  const birthPlaceInsee = parsePattern(reader, 'birthPlaceInsee', /^(\d{5}|2[AB]\d{3})$/i, 'insee-code-bad-shape')
  const ins = parseIns(reader, rules, sex, birthDate)
  const identityStatus = reader.choice('identityStatus', identityStatuses, {}) ?? 'PROV'
  if ((identityStatus === 'RECUP' || identityStatus === 'QUAL') && !reader.optional('insMatricule'))
    reader.problem('identityStatus', 'status-needs-ins')
  const address = parseAddress(reader)
  const phone = parsePhone(reader)
  const email = parsePattern(reader, 'email', emailShape, 'email-bad-shape')
  if (birthName === null || birthFirstName === null || sex === null || birthDate === null) return { patient: null, birthDate }
  const patient: Patient = {
    birthName,
    birthFirstName,
    birthFirstNames: birthFirstNames ?? birthFirstName,
    usedName,
    usedFirstName,
    sex,
    birthDate,
    birthPlaceInsee: birthPlaceInsee?.toUpperCase() ?? null,
    ins,
    identityStatus,
    address,
    phone,
    email,
  }
  return { patient, birthDate }
}

function parseBirthDate(reader: FieldReader, rules: CaptureRules): string | null {
  const date = reader.date('birthDate', { required: true })
  if (date === null) return null
  const today = parisDay(rules.now)
  if (date > today) return reader.problem('birthDate', 'date-in-future')
  if (Number(today.slice(0, 4)) - Number(date.slice(0, 4)) > ageMaxYears) return reader.problem('birthDate', 'date-too-old')
  return date
}

/** The NIR's own sex and birth year must agree with the traits: the commonest sign of a card of somebody else. */
function parseIns(reader: FieldReader, rules: CaptureRules, sex: Sex | null, birthDate: string | null): Ins | null {
  const authority = reader.choice('insAuthority', ['nir', 'nia'] as const, {}) ?? 'nir'
  const text = reader.optional('insMatricule')
  if (text === null) return null
  const parsed = parseNir(text)
  if (!parsed.ok) return reader.problem('insMatricule', nirProblemCodes[parsed.problem])
  const matricule = parsed.value
  // Only 1 and 2 say a sex for certain; 3, 4, 7 and 8 are provisional numbers.
  const contradicts = sex === 'male' ? '2' : sex === 'female' ? '1' : null
  if (matricule.charAt(0) === contradicts) return reader.problem('insMatricule', 'nir-sex-differs')
  if (birthDate !== null && matricule.slice(1, 3) !== birthDate.slice(2, 4))
    return reader.problem('insMatricule', 'nir-birth-year-differs')
  const given: InsAuthority = rules.profile === 'production' ? authority : 'nir-test'
  return { matricule, authority: given }
}

function parseAddress(reader: FieldReader): Address | null {
  const line = reader.line('addressLine', { lengthMax: 120 })
  const postalCode = parsePattern(reader, 'postalCode', /^\d{5}$/, 'postal-code-bad-shape')
  const city = reader.line('city', { lengthMax: 60 })
  if (line === null && postalCode === null && city === null) return null
  return { line, postalCode, city, country: 'FRA' }
}

/** French numbers become `+33…`, also from `0033 6…` and `+33 (0)6…`; others are kept as `+` and digits. */
function parsePhone(reader: FieldReader): string | null {
  const text = reader.optional('phone')
  if (text === null) return null
  const digits = text.replaceAll(/[\s.\-()]/g, '').replace(/^00/, '+')
  const french = /^(?:0|\+330?)([1-9]\d{8})$/.exec(digits)
  if (french) return `+33${french[1]}`
  if (/^\+(?!33)[1-9]\d{7,14}$/.test(digits)) return digits
  return reader.problem('phone', 'phone-bad-shape')
}

function parsePattern(
  reader: FieldReader,
  field: 'birthPlaceInsee' | 'postalCode' | 'email',
  pattern: RegExp,
  code: 'insee-code-bad-shape' | 'postal-code-bad-shape' | 'email-bad-shape',
): string | null {
  const text = reader.optional(field)
  if (text === null) return null
  return pattern.test(text) ? text : reader.problem(field, code)
}
