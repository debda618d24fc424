/** Reads what a person typed, or a program sent, into a patient and an act; every problem is reported at once. */
import { fail, ok, type Result } from '../base/result.ts'
import { type CaptureInput, type CaptureRules, captureFields, type FieldProblem } from './capture-fields.ts'
import { parseIdentity } from './capture-identity.ts'
import { FieldReader } from './field-reader.ts'
import { parisDay, parseParisDateTime } from './paris-time.ts'
import type { Patient } from './patient.ts'
import {
  type Act,
  type Analyte,
  type AnalyteResult,
  analytes,
  type Consent,
  consents,
  screeningResults,
  symptomBands,
  type UsedTestKit,
} from './screening.ts'
import type { TestKit } from './test-kit.ts'
import { udiIssuers } from './udi.ts'

/** Oldest sampling that can still be declared: national-formats §7 asks for the same day; weekends and outages get a week. */
const samplingAgeMaxMs = 7 * 86_400_000
/** Oldest sampling that can still be corrected: as long as the content is kept (security.md C9: 90 days). */
const correctionAgeMaxMs = 90 * 86_400_000
/** A counter clock may run ahead of ours by this much before "in the future" is said. */
const clockToleranceMs = 5 * 60_000

/** Reads the whole form. Never throws on input; unknown extra keys are the caller's business (routes refuse them). */
export function parseCapture(
  input: CaptureInput,
  rules: CaptureRules,
): Result<{ patient: Patient; act: Act }, readonly FieldProblem[]> {
  const reader = new FieldReader(input)
  const { patient, birthDate } = parseIdentity(reader, rules)
  const act = parseAct(reader, rules, birthDate)
  if (reader.problems.length > 0 || !patient || !act) return fail(inPageOrder(reader.problems))
  return ok({ patient, act })
}

/** The first problem is the first field to mend: pages move the focus there. */
function inPageOrder(problems: readonly FieldProblem[]): readonly FieldProblem[] {
  return [...problems].sort((a, b) => captureFields.indexOf(a.field) - captureFields.indexOf(b.field))
}

function parseAct(reader: FieldReader, rules: CaptureRules, birthDate: string | null): Act | null {
  const sampledAt = parseSampledAt(reader, rules, birthDate)
  const kit = parseTestKit(reader, rules, sampledAt)
  const results = parseResults(reader, kit?.catalogue ?? null)
  const symptoms = reader.choice('symptoms', symptomBands, { required: true })
  const consent = parseConsent(reader, rules.corrects?.consent ?? null)
  const comment = reader.paragraph('comment', { lengthMax: 1000 })
  if (!sampledAt || !kit || !results || !symptoms || !consent) return null
  return { sampledAt: sampledAt.toISOString(), testKit: kit.used, results, symptoms, consent, comment }
}

/** Yes may become no; what was not given before cannot be given after, since the nation kept no identity (national-formats §1). */
function parseConsent(reader: FieldReader, before: Consent | null): Consent | null {
  const consent = reader.choice('consent', consents, { required: true })
  return consent === 'yes' && before !== null && before !== 'yes' ? reader.problem('consent', 'consent-cannot-return') : consent
}

function parseSampledAt(reader: FieldReader, rules: CaptureRules, birthDate: string | null): Date | null {
  const text = reader.required('sampledAt')
  if (text === null) return null
  const parsed = parseParisDateTime(text)
  if (!parsed.ok) return reader.problem('sampledAt', parsed.problem)
  const ageMs = rules.now.getTime() - parsed.value.getTime()
  if (ageMs < -clockToleranceMs) return reader.problem('sampledAt', 'time-in-future')
  if (birthDate !== null && text.slice(0, 10) < birthDate) return reader.problem('sampledAt', 'time-before-birth')
  if (ageMs > (rules.corrects ? correctionAgeMaxMs : samplingAgeMaxMs)) return reader.problem('sampledAt', 'time-too-old')
  return parsed.value
}

function parseTestKit(
  reader: FieldReader,
  rules: CaptureRules,
  sampledAt: Date | null,
): { catalogue: TestKit; used: UsedTestKit } | null {
  const lot = reader.line('kitLot', { lengthMax: 40 })
  const expiry = reader.date('kitExpiry')
  const issuer = reader.choice('kitUdiIssuer', udiIssuers, {})
  const deviceIdentifier = reader.line('kitUdi', { lengthMax: 60 })
  if (deviceIdentifier !== null && !/^[A-Z0-9+$*/%.=-]{6,60}$/i.test(deviceIdentifier)) reader.problem('kitUdi', 'udi-bad-shape')
  // The day printed on the box is a day at the counter: just after midnight in Paris it is still the day before in UTC.
  if (expiry !== null && sampledAt !== null && expiry < parisDay(sampledAt)) reader.problem('kitExpiry', 'test-kit-expired')
  const id = reader.required('testKitId')
  if (id === null) return null
  const catalogue = rules.findTestKit(id)
  if (!catalogue) return reader.problem('testKitId', 'unknown-test-kit')
  const udi = deviceIdentifier === null ? catalogue.udi : { issuer: issuer ?? 'gs1', deviceIdentifier }
  return { catalogue, used: { id: catalogue.id, maker: catalogue.maker, name: catalogue.name, udi, lot, expiry } }
}

/** The kit says which analytes must have a result; a result for another analyte is a mistake, never dropped. */
function parseResults(reader: FieldReader, kit: TestKit | null): readonly [AnalyteResult, ...AnalyteResult[]] | null {
  const results: AnalyteResult[] = []
  for (const analyte of analytes) {
    const expected = kit?.analytes.includes(analyte) ?? false
    const field = resultField(analyte)
    const result = reader.choice(field, screeningResults, { required: expected })
    if (result === null) continue
    if (kit !== null && !expected) reader.problem(field, 'not-read-by-kit')
    else results.push({ analyte, result })
  }
  const [first, ...others] = results
  // Without a kit nobody knows which results are due; that none was typed is a mistake in any case.
  const noneTyped = analytes.every((analyte) => reader.optional(resultField(analyte)) === null)
  if (kit === null && noneTyped) reader.problem('result.sars-cov-2', 'required')
  return first === undefined ? null : [first, ...others]
}

export function resultField(analyte: Analyte): `result.${Analyte}` {
  return `result.${analyte}`
}
