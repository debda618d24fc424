/** Between the form and the action: what was typed, what a new form starts with, and a draft back as it was typed. */
import type { ScreeningView } from '../actions/views.ts'
import { type CaptureField, type CaptureInput, captureFields } from '../domain/capture-fields.ts'
import { parisDateTimeLocal } from '../domain/paris-time.ts'
import type { TestKit } from '../domain/test-kit.ts'
import type { Form } from '../http/route.ts'
import { frenchDate } from './format-fr.ts'

/** What the next patient's form keeps: the box on the counter, and nothing of the person before. */
export const keptFields = [
  'testKitId',
  'kitLot',
  'kitExpiry',
  'kitUdi',
  'kitUdiIssuer',
] as const satisfies readonly CaptureField[]
const keptLengthMax = 120

/** As typed, every capture field of the form; empty ones are left out. */
export function typedValues(form: Form): CaptureInput {
  const values: CaptureInput = {}
  for (const field of captureFields) {
    const typed = form[field]
    if (typed !== undefined && typed !== '') values[field] = typed
  }
  return values
}

/** The same values for the action: dates that are typed without or with other separators get theirs. */
export function spokenValues(typed: CaptureInput): CaptureInput {
  const values = { ...typed }
  for (const field of ['birthDate', 'kitExpiry'] as const) {
    const date = values[field]
    if (date !== undefined) values[field] = separated(date)
  }
  return values
}

/** `05031984`, `5.3.1984` and `5-3-1984` are `05/03/1984`; anything else stays as it is, for the domain to judge. */
function separated(date: string): string {
  const match = /^\s*(\d{1,2})[ ./-](\d{1,2})[ ./-](\d{4})\s*$/.exec(date) ?? /^\s*(\d{2})(\d{2})(\d{4})\s*$/.exec(date)
  if (!match) return date
  const [, day = '', month = '', year = ''] = match
  return `${day.padStart(2, '0')}/${month.padStart(2, '0')}/${year}`
}

/** A form for the next patient: now, and the box of the one before, or the only one that the catalogue holds. */
export function freshValues(input: {
  readonly now: Date
  readonly testKits: readonly TestKit[]
  readonly kept: (field: CaptureField) => string | undefined
}): CaptureInput {
  const values: CaptureInput = { sampledAt: parisDateTimeLocal(input.now) }
  const [only, second] = input.testKits
  if (only && !second) values.testKitId = only.id
  for (const field of keptFields) {
    const kept = input.kept(field)
    if (kept) values[field] = kept.slice(0, keptLengthMax)
  }
  return values
}

/** A stored draft as somebody would have typed it. */
export function draftValues({ patient, act }: Pick<ScreeningView, 'patient' | 'act'>): CaptureInput {
  const typed: Partial<Record<CaptureField, string | null | undefined>> = {
    birthName: patient.birthName,
    birthFirstName: patient.birthFirstName,
    birthFirstNames: patient.birthFirstNames === patient.birthFirstName ? null : patient.birthFirstNames,
    usedName: patient.usedName,
    usedFirstName: patient.usedFirstName,
    sex: patient.sex,
    birthDate: frenchDate(patient.birthDate),
    birthPlaceInsee: patient.birthPlaceInsee,
    insMatricule: patient.ins?.matricule,
    insAuthority: patient.ins?.authority === 'nia' ? 'nia' : 'nir',
    identityStatus: patient.identityStatus,
    addressLine: patient.address?.line,
    postalCode: patient.address?.postalCode,
    city: patient.address?.city,
    phone: patient.phone,
    email: patient.email,
    sampledAt: parisDateTimeLocal(new Date(act.sampledAt)),
    testKitId: act.testKit.id,
    kitUdiIssuer: act.testKit.udi?.issuer,
    kitUdi: act.testKit.udi?.deviceIdentifier,
    kitLot: act.testKit.lot,
    kitExpiry: act.testKit.expiry === null ? null : frenchDate(act.testKit.expiry),
    symptoms: act.symptoms,
    consent: act.consent,
    comment: act.comment,
  }
  for (const { analyte, result } of act.results) typed[`result.${analyte}`] = result
  const values: CaptureInput = {}
  for (const field of captureFields) {
    const value = typed[field]
    if (value) values[field] = value
  }
  return values
}
