/** The rapid-test document BIO-TROD 2024.01 (ANS, CI-SIS): CDA R2 level 3, checked and written from one declaration. */
import { assert } from '../../base/assert.ts'
import { fail, ok, type Result } from '../../base/result.ts'
import type { DeclarationDocument } from '../../domain/declaration-document.ts'
import type { PharmacySettings } from '../../domain/pharmacy.ts'
import { type EncodeProblem, sentBytesMax } from '../format.ts'
import { hl7Time } from '../hl7v2/french-fields.ts'
import { resultsConserved, type WrittenResult } from '../profiles/codes.ts'
import { code, codeNamed, identifier, pharmacyAddress, point, since, templateId } from './datatypes.ts'
import { documentOid, documentSetOid } from './document-id.ts'
import { assignedEntityOf, authorOf, custodianOf, legalAuthenticatorOf } from './participants.ts'
import { findDocumentProblem } from './problems.ts'
import { recordTarget } from './record-target.ts'
import { type ResolvedCodes, resolveCodes } from './resolve-codes.ts'
import { bodyOf } from './section.ts'
import { confidentiality, consentGiven, documentCode, encounterType, facilityType, type SystemCode } from './vocabulary.ts'
import { findChild, listElements, type XmlElement, xml, xmlBytes } from './xml.ts'

/** Which version is written, and which it replaces: not always the declaration's own, since a cancellation carries what it cancels. */
export type DocumentVersion = { readonly version: number; readonly replaces: number | null }

/**
 * The document's bytes, or why it must not leave. Pure: the same declaration gives the same bytes, at every attempt and
 * in every format that carries it; the time of sending stands nowhere in it.
 */
export function writeBioTrod(document: DeclarationDocument, version: DocumentVersion): Result<Uint8Array, EncodeProblem> {
  assert(version.replaces === null || version.replaces < version.version, 'a version replaces an earlier one')
  const problem = findDocumentProblem(document)
  if (problem !== null) return fail(problem)
  const codes = resolveCodes(document)
  if (!codes.ok) return codes
  const root = documentOf(document, codes.value, version)
  if (!resultsConserved(document.act.results, resultsIn(root))) return fail({ code: 'not-conserved' })
  const bytes = xmlBytes(root)
  return bytes.length > sentBytesMax ? fail({ code: 'message-too-large' }) : ok(bytes)
}

function documentOf(document: DeclarationDocument, codes: ResolvedCodes, version: DocumentVersion): XmlElement {
  const { screeningId, patient, act } = document
  const signedAt = hl7Time(new Date(document.signedAt))
  const sampledAt = hl7Time(new Date(act.sampledAt))
  const signer = { author: document.author, pharmacy: document.pharmacy, profession: codes.profession }
  const entity = assignedEntityOf(signer)
  return xml(
    'ClinicalDocument',
    { xmlns: 'urn:hl7-org:v3', 'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance' },
    xml('realmCode', { code: 'FR' }),
    xml('typeId', { root: '2.16.840.1.113883.1.3', extension: 'POCD_HD000040' }),
    templateId('2.16.840.1.113883.2.8.2.1'),
    templateId('1.3.6.1.4.1.19376.1.5.3.1.1.1'),
    templateId('1.2.250.1.213.1.1.1.1'),
    templateId('1.2.250.1.213.1.1.1.59', '2024.01'),
    identifier(documentOid(screeningId, version.version)),
    code(documentCode),
    xml('title', null, titleOf(codes)),
    point('effectiveTime', signedAt),
    codeNamed('confidentialityCode', confidentiality),
    xml('languageCode', { code: 'fr-FR' }),
    xml('setId', { root: documentSetOid(screeningId) }),
    xml('versionNumber', { value: String(version.version) }),
    recordTarget(patient, screeningId, codes.sex),
    authorOf(signer, signedAt),
    custodianOf(signer),
    legalAuthenticatorOf(entity, signedAt),
    ...diseasesOf(codes).map((disease) => documentedEvent(disease, entity, sampledAt)),
    version.replaces === null ? null : replacedDocument(screeningId, version.replaces),
    act.consent === 'yes' ? consent() : null,
    encounterOf(document.pharmacy, entity, sampledAt),
    bodyOf({ act, udi: codes.udi, udiRoot: codes.udiRoot, observed: codes.observed, context: codes.context, sampledAt }),
  )
}

function titleOf({ observed }: ResolvedCodes): string {
  return `Test rapide d'orientation diagnostique : TROD ${observed.map(({ words }) => words.title).join(', ')}`
}

/** One documented event for each disease sought, in the order of the results. */
function diseasesOf({ observed }: ResolvedCodes): SystemCode[] {
  const byCode = new Map(observed.map(({ words }) => [words.disease.code, words.disease]))
  return [...byCode.values()]
}

function documentedEvent(disease: SystemCode, entity: XmlElement, sampledAt: string): XmlElement {
  const performer = xml('performer', { typeCode: 'PRF' }, entity)
  return xml('documentationOf', null, xml('serviceEvent', { classCode: 'ACT' }, code(disease), since(sampledAt), performer))
}

function replacedDocument(screeningId: string, version: number): XmlElement {
  const parent = xml(
    'parentDocument',
    null,
    identifier(documentOid(screeningId, version)),
    xml('setId', { root: documentSetOid(screeningId) }),
    xml('versionNumber', { value: String(version) }),
  )
  return xml('relatedDocument', { typeCode: 'RPLC' }, parent)
}

function consent(): XmlElement {
  const given = xml(
    'consent',
    { classCode: 'CONS', moodCode: 'EVN' },
    code(consentGiven),
    xml('statusCode', { code: 'completed' }),
  )
  return xml('authorization', { typeCode: 'AUTH' }, given)
}

function encounterOf(pharmacy: PharmacySettings, entity: XmlElement, sampledAt: string): XmlElement {
  const place = xml('location', null, xml('name', null, pharmacy.name), pharmacyAddress(pharmacy))
  const encounter = xml(
    'encompassingEncounter',
    null,
    code(encounterType),
    since(sampledAt),
    xml('responsibleParty', null, entity),
    xml('location', null, xml('healthCareFacility', null, code(facilityType), place)),
  )
  return xml('componentOf', null, encounter)
}

/** The results as they stand in the tree about to be written. */
function resultsIn(root: XmlElement): WrittenResult[] {
  return listElements(root, 'observation').map((observation) => ({
    analyteCode: findChild(observation, 'code')?.attrs.code ?? '',
    resultCode: findChild(observation, 'value')?.attrs.code ?? '',
  }))
}
