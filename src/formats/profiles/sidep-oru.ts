/**
 * `sidep-oru`: one rapid test as HL7 v2.5 ORU^R01 with discrete OBX. ASSUMED: SI-DEP's wire profile for pharmacies was
 * never published; this one is ours, field by field in `src/formats/README.md`, and MSH-21 says so to whoever reads it.
 */
import { assert } from '../../base/assert.ts'
import { fail, ok, type Result } from '../../base/result.ts'
import type { DeclarationDocument } from '../../domain/declaration-document.ts'
import { nationalStructureIdOf } from '../../domain/finess.ts'
import { identityStatuses, insAuthorities } from '../../domain/ins.ts'
import { sexes } from '../../domain/patient.ts'
import type { Profile } from '../../domain/profile.ts'
import { type EncodedMessage, type EncodeProblem, type Format, sentBytesMax } from '../format.ts'
import { readAcknowledgement } from '../hl7v2/acknowledgement.ts'
import { encodeMessage, type Hl7EncodeProblem } from '../hl7v2/encode.ts'
import { hl7Date, hl7Time, patientSegment, professionalField, structureField } from '../hl7v2/french-fields.ts'
import {
  components,
  composite,
  type Field,
  type Hl7Message,
  messageHeader,
  repeated,
  type Segment,
  segment,
  textAt,
} from '../hl7v2/message.ts'
import {
  type Coded,
  consentQuestion,
  findAnalyteCode,
  findConsentCode,
  findResultCode,
  findSymptomCode,
  findUdiRoot,
  loinc,
  resultsConserved,
  snomedCt,
  taAsip,
} from './codes.ts'

/** MSH-21: never the name of a profile that anybody published. */
export const sidepProfileId = 'PASSERELLE_SIDEP_ASSUMED'
/** Namespace of our order numbers and of our local codes. */
const ours = 'PASSERELLE'

/** ORC-1, OBX-11 and OBR-25 must agree: the receiver of §3 refuses a message where they do not. */
const controlByKind = {
  original: { order: 'NW', observation: 'F', report: 'F' },
  replacement: { order: 'RO', observation: 'C', report: 'C' },
  cancellation: { order: 'CA', observation: 'D', report: 'X' },
} as const satisfies Record<DeclarationDocument['kind'], unknown>

const processingIds: Record<Profile, string> = { production: 'P', test: 'T', demo: 'D' }

const codeByEncodeProblem = {
  'unencodable-text': 'unreadable-content',
  'too-large': 'message-too-large',
  'unknown-charset': 'unmapped-code',
} as const satisfies Record<Hl7EncodeProblem, EncodeProblem['code']>

const questions = {
  kit: composite('KIT', 'Test utilisé', ours),
  kitLot: composite('KIT-LOT', 'Numéro de lot', ours),
  kitExpiry: composite('KIT-EXPIRY', 'Date de péremption', ours),
  symptoms: composite('SYMPTOMS', 'Symptômes', ours),
  consent: composite(consentQuestion.code, consentQuestion.display, taAsip.name),
} as const
const messageType = composite('ORU', 'R01', 'ORU_R01')
const profileName = composite('1.0', sidepProfileId)
const specimenType = composite('', 'Prélèvement pour test rapide')

type Observed = { readonly analyte: Coded; readonly result: Coded }
type Codes = { readonly observed: readonly [Observed, ...Observed[]]; readonly symptoms: Coded; readonly consent: Coded }

export const sidepOru: Format = { encode, readAnswer: readAcknowledgement }

function encode(document: DeclarationDocument, writtenAt: Date): Result<EncodedMessage, EncodeProblem> {
  assert(/^[A-Z0-9]{1,20}$/.test(document.controlId), 'a control id has 1 to 20 capital letters and digits')
  assert((document.kind === 'original') === (document.replacesVersion === null), 'only an original replaces nothing')
  const missing = findIdentityProblem(document)
  if (missing) return fail(missing)
  const codes = codesOf(document)
  if (!codes.ok) return codes
  const message = messageOf(document, codes.value, writtenAt)
  if (!resultsConserved(document.act.results, resultsIn(message))) return fail({ code: 'not-conserved' })
  const bytes = encodeMessage(message)
  if (!bytes.ok) return fail({ code: codeByEncodeProblem[bytes.problem] })
  if (bytes.value.length > sentBytesMax) return fail({ code: 'message-too-large' })
  return ok({ bytes: bytes.value, contentType: 'application/hl7-v2; charset=utf-8', controlId: document.controlId })
}

function findIdentityProblem({ patient, profile }: DeclarationDocument): EncodeProblem | null {
  if (patient.birthName.trim() === '' || patient.birthFirstName.trim() === '') return { code: 'missing-trait', location: 'PID-5' }
  if (!/^\d{4}-\d{2}-\d{2}$/.test(patient.birthDate)) return { code: 'missing-trait', location: 'PID-7' }
  // What was sealed by an older release may hold a word that this one no longer writes.
  if (!sexes.includes(patient.sex)) return { code: 'unmapped-code', location: 'PID-8' }
  if (!identityStatuses.includes(patient.identityStatus)) return { code: 'unmapped-code', location: 'PID-32' }
  if (patient.ins === null) return null
  if (!insAuthorities.includes(patient.ins.authority)) return { code: 'unmapped-code', location: 'PID-3.4' }
  // A test matricule in the national file, or a real one in a demonstration, would each be somebody else's record.
  const real = patient.ins.authority === 'nir' || patient.ins.authority === 'nia'
  const misplaced = profile === 'production' ? !real : profile === 'demo' && real
  return misplaced ? { code: 'unmapped-code', location: 'PID-3.4' } : null
}

/** Every code of the message, or the first that no table holds: nothing is written by default. */
function codesOf({ act }: DeclarationDocument): Result<Codes, EncodeProblem> {
  const observed: Observed[] = []
  for (const given of act.results) {
    const analyte = findAnalyteCode(given.analyte)
    const result = findResultCode(given.result)
    if (analyte === null) return fail({ code: 'unmapped-code', location: 'OBX-3' })
    if (result === null) return fail({ code: 'unmapped-code', location: 'OBX-5' })
    observed.push({ analyte, result })
  }
  const [first, ...others] = observed
  if (first === undefined) return fail({ code: 'not-conserved', location: 'OBX-5' })
  const symptoms = findSymptomCode(act.symptoms)
  const consent = findConsentCode(act.consent)
  if (symptoms === null || consent === null) return fail({ code: 'unmapped-code', location: 'OBX-5' })
  if (act.testKit.udi !== null && findUdiRoot(act.testKit.udi.issuer) === null)
    return fail({ code: 'unmapped-code', location: 'OBX-18' })
  return ok({ observed: [first, ...others], symptoms, consent })
}

function messageOf(document: DeclarationDocument, codes: Codes, writtenAt: Date): Hl7Message {
  const signedAt = hl7Time(new Date(document.signedAt))
  const sampledAt = hl7Time(new Date(document.act.sampledAt))
  const author = professionalField(document.author)
  const { comment } = document.act
  return {
    segments: [
      headerOf(document, writtenAt),
      patientSegment(document.patient, { id: document.screeningId, authority: ours }),
      orderOf(document, author, signedAt),
      requestOf(document, author, { codes, signedAt, sampledAt }),
      ...(comment === null ? [] : [segment('NTE', { 1: '1', 3: comment })]),
      ...observationsOf(document, codes, sampledAt),
      // SPM-4 must be there; the site is not captured, so it is said in words and never as a code.
      segment('SPM', {
        1: '1',
        2: [[[document.screeningId, ours]]],
        4: specimenType,
        17: sampledAt,
      }),
    ],
  }
}

function headerOf({ controlId, pharmacy, profile }: DeclarationDocument, writtenAt: Date): Segment {
  return messageHeader({
    3: ours,
    4: nationalStructureIdOf(pharmacy.finess),
    5: 'SI-DEP',
    6: 'SI-DEP',
    7: hl7Time(writtenAt),
    9: messageType,
    10: controlId,
    11: processingIds[profile],
    12: '2.5',
    17: 'FRA',
    18: 'UNICODE UTF-8',
    21: profileName,
  })
}

/** ORC-2 is the screening, ORC-3 this version of it, ORC-8 the version that it takes the place of: enough to order them. */
function orderOf(document: DeclarationDocument, author: Field, signedAt: string): Segment {
  const { screeningId, version, replacesVersion, pharmacy } = document
  return segment('ORC', {
    1: controlByKind[document.kind].order,
    2: composite(screeningId, ours),
    3: composite(versionNumber(screeningId, version), ours),
    8: replacesVersion === null ? '' : composite([versionNumber(screeningId, replacesVersion), ours]),
    9: signedAt,
    12: author,
    21: structureField(pharmacy),
    22: composite(pharmacy.addressLine, '', pharmacy.city, '', pharmacy.postalCode, 'FRA', 'B'),
    23: pharmacy.phone === null ? '' : composite('', 'WPN', 'PH', '', '', '', '', '', '', '', '', pharmacy.phone),
  })
}

type Requested = { readonly codes: Codes; readonly signedAt: string; readonly sampledAt: string }

function requestOf(document: DeclarationDocument, author: Field, { codes, signedAt, sampledAt }: Requested): Segment {
  const { screeningId, version, kind } = document
  return segment('OBR', {
    1: '1',
    2: composite(screeningId, ours),
    3: composite(versionNumber(screeningId, version), ours),
    4: codedField(codes.observed[0].analyte, loinc.name),
    7: sampledAt,
    16: author,
    22: signedAt,
    25: controlByKind[kind].report,
  })
}

type Observation = { readonly type: string; readonly question: Field; readonly value: string | Field; readonly device?: Field }

function observationsOf({ act, kind }: DeclarationDocument, codes: Codes, sampledAt: string): Segment[] {
  const status = controlByKind[kind].observation
  return listObservations(act, codes).map(({ type, question, value, device = '' }, index) =>
    segment('OBX', { 1: String(index + 1), 2: type, 3: question, 5: value, 11: status, 14: sampledAt, 18: device }),
  )
}

function listObservations(act: DeclarationDocument['act'], codes: Codes): Observation[] {
  const { id, maker, name, lot, expiry } = act.testKit
  const kitName = { code: id, display: `${maker}, ${name}` }
  const listed: Observation[] = codes.observed.map(({ analyte, result }) => ({
    type: 'CWE',
    question: codedField(analyte, loinc.name),
    value: codedField(result, snomedCt.name),
    device: deviceField(act),
  }))
  listed.push({ type: 'CWE', question: questions.kit, value: codedField(kitName, 'EU-JRC') })
  if (lot !== null) listed.push({ type: 'ST', question: questions.kitLot, value: lot })
  if (expiry !== null) listed.push({ type: 'DT', question: questions.kitExpiry, value: hl7Date(expiry) })
  listed.push({ type: 'CWE', question: questions.symptoms, value: codedField(codes.symptoms, ours) })
  listed.push({ type: 'CWE', question: questions.consent, value: codedField(codes.consent, 'expandedYes-NoIndicator') })
  return listed
}

/** OBX-18: the device by its UDI where it is known, and always by its id in the EU catalogue. */
function deviceField({ testKit }: DeclarationDocument['act']): Field {
  const root = testKit.udi === null ? null : findUdiRoot(testKit.udi.issuer)
  const udi = testKit.udi === null || root === null ? null : components(testKit.udi.deviceIdentifier, '', root, 'ISO')
  return repeated(udi, components(testKit.id, 'EU-JRC'))
}

function resultsIn(message: Hl7Message): { analyteCode: string; resultCode: string }[] {
  const carriesResult = (each: Segment) => each.name === 'OBX' && textAt(each, 3, { component: 3 }) === loinc.name
  return message.segments.filter(carriesResult).map((obx) => ({ analyteCode: textAt(obx, 3), resultCode: textAt(obx, 5) }))
}

function codedField(coded: Coded, system: string): Field {
  return composite(coded.code, coded.display, system)
}

function versionNumber(screeningId: string, version: number): string {
  return `${screeningId}-${version}`
}
