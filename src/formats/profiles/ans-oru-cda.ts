/**
 * `ans-oru-cda`: the rapid-test document carried in HL7 v2.5 ORU^R01, by the ANS guide "Transmission d'un document CDA-R2
 * en HL7v2", v2.1. Only the segments and fields that the guide lists are written: what else the document says, it says.
 */
import { assert } from '../../base/assert.ts'
import { fail, ok, type Result } from '../../base/result.ts'
import { type AnsOruCdaSettings, mailRecipientsMax } from '../../domain/ans-oru-cda-settings.ts'
import type { DeclarationDocument } from '../../domain/declaration-document.ts'
import { nationalStructureIdOf } from '../../domain/finess.ts'
import type { Profile } from '../../domain/profile.ts'
import { type DocumentVersion, writeBioTrod } from '../cda/bio-trod-document.ts'
import { localPatientRoot } from '../cda/document-id.ts'
import { documentCode } from '../cda/vocabulary.ts'
import { type EncodedMessage, type EncodeProblem, type Format, sentBytesMax } from '../format.ts'
import { readAcknowledgement } from '../hl7v2/acknowledgement.ts'
import { encodeMessage, type Hl7EncodeProblem } from '../hl7v2/encode.ts'
import { hl7Time, patientSegment } from '../hl7v2/french-fields.ts'
import { components, composite, type Field, type Hl7Message, messageHeader, type Segment, segment } from '../hl7v2/message.ts'
import { listFlags, mayReachPatient } from './ans-oru-cda-flags.ts'
import { listParticipations } from './ans-oru-cda-participations.ts'
import { loinc } from './codes.ts'

/** ORC-1 and OBX-11 must agree, else the platform refuses the message. */
const controlByKind = {
  original: { order: 'NW', observation: 'F' },
  replacement: { order: 'RO', observation: 'C' },
  cancellation: { order: 'CA', observation: 'D' },
} as const satisfies Record<DeclarationDocument['kind'], unknown>

const processingIds: Record<Profile, string> = { production: 'P', test: 'T', demo: 'D' }

const codeByEncodeProblem = {
  'unencodable-text': 'unreadable-content',
  'too-large': 'message-too-large',
  'unknown-charset': 'unmapped-code',
} as const satisfies Record<Hl7EncodeProblem, EncodeProblem['code']>

/** A destination: its settings, and the flags that follow from them, for a patient who may be reached and one who may not. */
type Destination = {
  readonly settings: AnsOruCdaSettings
  readonly flagsIfReached: readonly Segment[]
  readonly flagsIfNot: readonly Segment[]
}

/** The format for one destination. Throws `AssertionError` on settings that config should have refused. */
export function createAnsOruCda(settings: AnsOruCdaSettings): Format {
  assert(settings.mailRecipients.length <= mailRecipientsMax, 'mail recipients are bounded')
  const flagsIfReached = listFlags(settings, true)
  const destination = { settings, flagsIfReached, flagsIfNot: listFlags(settings, false) }
  return {
    encode: (document, writtenAt) => encode(destination, document, writtenAt),
    readAnswer: readAcknowledgement,
  }
}

function encode(destination: Destination, document: DeclarationDocument, writtenAt: Date): Result<EncodedMessage, EncodeProblem> {
  assert(/^[A-Z0-9]{1,20}$/.test(document.controlId), 'a control id has 1 to 20 capital letters and digits')
  const carried = writeBioTrod(document, carriedVersion(document))
  if (!carried.ok) return carried
  const bytes = encodeMessage(messageOf(destination, document, { carried: carried.value, writtenAt }))
  if (!bytes.ok) return fail({ code: codeByEncodeProblem[bytes.problem] })
  if (bytes.value.length > sentBytesMax) return fail({ code: 'message-too-large' })
  const charset = destination.settings.charset === '8859/15' ? 'iso-8859-15' : 'utf-8'
  return ok({ bytes: bytes.value, contentType: `application/hl7-v2; charset=${charset}`, controlId: document.controlId })
}

/** A cancellation carries the version to delete, under that version's own id: the published deletion does so. */
function carriedVersion({ kind, version, replacesVersion }: DeclarationDocument): DocumentVersion {
  assert((kind === 'original') === (replacesVersion === null), 'only an original replaces nothing')
  return kind === 'cancellation' && replacesVersion !== null
    ? { version: replacesVersion, replaces: null }
    : { version, replaces: replacesVersion }
}

function messageOf(
  { settings, flagsIfReached, flagsIfNot }: Destination,
  document: DeclarationDocument,
  content: { readonly carried: Uint8Array; readonly writtenAt: Date },
): Hl7Message {
  const { order, observation } = controlByKind[document.kind]
  const placer = composite(document.screeningId, settings.sendingApplication)
  return {
    segments: [
      headerOf(settings, document, content.writtenAt),
      patientOf(document),
      // N: no stay and no visit number, which the guide asks for only where one is known.
      segment('PV1', { 1: '1', 2: 'N' }),
      segment('ORC', { 1: order, 2: placer }),
      segment('OBR', { 1: '1', 2: placer, 4: documentType() }),
      segment('OBX', { 1: '1', 2: 'ED', 3: documentType(), 5: encapsulated(content.carried), 11: observation }),
      ...listParticipations(settings, document),
      ...(mayReachPatient(document.patient) ? flagsIfReached : flagsIfNot),
    ],
  }
}

function headerOf(settings: AnsOruCdaSettings, document: DeclarationDocument, writtenAt: Date): Segment {
  return messageHeader({
    3: settings.sendingApplication,
    4: settings.sendingFacility ?? nationalStructureIdOf(document.pharmacy.finess),
    5: settings.receivingApplication,
    6: settings.receivingFacility,
    7: hl7Time(writtenAt),
    9: composite('ORU', 'R01', 'ORU_R01'),
    10: document.controlId,
    11: processingIds[document.profile],
    12: '2.5',
    17: 'FRA',
    18: settings.charset,
    21: composite('2.1', 'CISIS_CDA_HL7_V2'),
  })
}

/** PID-3 holds the very identifier of the document (guide v2.1): the INS alone, or else ours under its OID. */
function patientOf({ patient, screeningId }: DeclarationDocument): Segment {
  const written = patientSegment(patient, { id: screeningId, authority: '' })
  const [ins] = written.fields[2] ?? []
  const local = components(screeningId, '', '', ['PASSERELLE', localPatientRoot, 'ISO'], 'PI')
  const identifiers: Field = patient.ins !== null && ins !== undefined ? [ins] : [local]
  return { name: written.name, fields: written.fields.with(2, identifiers) }
}

function documentType(): Field {
  return composite(documentCode.code, documentCode.display, loinc.name)
}

/** ED: the whole document in Base64, on one line. */
function encapsulated(bytes: Uint8Array): Field {
  return composite('', 'TEXT', 'XML', 'Base64', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'))
}
