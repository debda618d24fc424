/** The documents and messages that conformance is shown on: every kind, result, identity, spelling and number of analytes. */

import { type AnsOruCdaSettings, ansOruCdaDefaults } from '../../src/domain/ans-oru-cda-settings.ts'
import { type DeclarationKind, declarationKinds } from '../../src/domain/declaration.ts'
import type { DeclarationDocument } from '../../src/domain/declaration-document.ts'
import type { Patient } from '../../src/domain/patient.ts'
import { type AnalyteResult, analytes, consents, screeningResults, symptomBands } from '../../src/domain/screening.ts'
import type { Format } from '../../src/formats/format.ts'
import { createAnsOruCda } from '../../src/formats/profiles/ans-oru-cda.ts'
import { bioTrod } from '../../src/formats/profiles/bio-trod.ts'
import { nirOf, someAct, someDocument, somePatient } from '../formats/documents.ts'

export type ConformanceCase = {
  /** A file name without its ending. */
  readonly name: string
  readonly format: 'bio-trod' | 'ans-oru-cda'
  readonly document: DeclarationDocument
}

/** Everything that the platform can be asked for is switched on, so that every segment is written. */
const allOn: AnsOruCdaSettings = {
  ...ansOruCdaDefaults,
  publishToDmp: true,
  mailToPatient: true,
  replyTo: 'pharmacie.deux-ponts@exemple.mssante.fr',
  mailRecipients: [
    { ...someDocument.author, kind: 'professional', address: 'eloi.fabre@exemple.mssante.fr' },
    { kind: 'organisation', finess: someDocument.pharmacy.finess, name: 'Centre', address: 'centre@exemple.mssante.fr' },
  ],
}

export const formats: Record<ConformanceCase['format'], Format> = {
  'bio-trod': bioTrod,
  'ans-oru-cda': createAnsOruCda(allOn),
}

const spellings: Record<string, Partial<Patient>> = {
  accents: { birthName: 'LEFÈVRE ŒUVRARD', birthFirstName: 'ZOÉ', birthFirstNames: 'ZOÉ MAÏLYS GÜNEŞ', usedName: 'NOËL' },
  apostrophes: { birthName: "D'ARTAGNAN", birthFirstName: 'N’GOLO', birthFirstNames: 'N’GOLO D’AREL', usedName: 'L’HÔTE' },
  hyphens: {
    birthName: 'PAT-TROIS',
    birthFirstName: 'MARIE-LOUISE',
    birthFirstNames: 'MARIE-LOUISE ANNE-SOPHIE',
    usedName: null,
  },
}

const identities: Record<string, Partial<Patient>> = {
  ins: { ins: somePatient.ins, identityStatus: 'QUAL' },
  local: { ins: null, identityStatus: 'PROV' },
}

/** Each result × INS or not × spelling × kind × one and three analytes, and every code that these leave out. */
export function listCases(): ConformanceCase[] {
  return [...listMatrix(), ...listOthers()]
}

function listMatrix(): ConformanceCase[] {
  const cases: ConformanceCase[] = []
  for (const result of screeningResults)
    for (const [identity, identityTraits] of Object.entries(identities))
      for (const [spelling, names] of Object.entries(spellings))
        for (const kind of declarationKinds)
          for (const count of [1, 3] as const) {
            const results = analytes.slice(0, count).map((analyte): AnalyteResult => ({ analyte, result }))
            const patient = { ...somePatient, ...identityTraits, ...names }
            const name = [result, identity, spelling, kind, String(count)].join('.')
            cases.push(...inEachFormat(name, versionOf({ ...someDocument, patient, act: actOf(results) }, kind)))
          }
  return cases
}

/** Codes, gaps and texts outside the matrix, one at a time. */
function listOthers(): ConformanceCase[] {
  const act = someAct
  const { testKit } = someAct
  const udi = { deviceIdentifier: 'A99912345678900' }
  const nothing = { usedName: null, usedFirstName: null, birthPlaceInsee: null, address: null, phone: null, email: null }
  const others: Record<string, Partial<DeclarationDocument>> = {
    'no-contact-details': { patient: { ...somePatient, ...nothing, sex: 'unknown' } },
    'man-with-nia': { patient: { ...somePatient, sex: 'male', ins: { matricule: nirOf('1840299999042'), authority: 'nia' } } },
    'demonstration-ins': { patient: { ...somePatient, ins: { matricule: nirOf('2840299999042'), authority: 'nir-demo' } } },
    'comment-of-markup': { act: { ...act, comment: 'Écouvillon <nasal> & "gorge"\n\nà refaire \'demain\' ]]>' } },
    'kit-without-lot': { act: { ...act, testKit: { ...testKit, lot: null, expiry: null } } },
    'kit-hibcc': { act: { ...act, testKit: { ...testKit, udi: { ...udi, issuer: 'hibcc' } } } },
    'kit-iccbba': { act: { ...act, testKit: { ...testKit, udi: { ...udi, issuer: 'iccbba' } } } },
    'pharmacy-without-phone': { pharmacy: { ...someDocument.pharmacy, phone: null } },
    'signed-by-titular': { author: { ...someDocument.author, role: 'titular' } },
    'signed-by-student': { author: { ...someDocument.author, role: 'student' } },
    'all-analytes': { act: actOf(analytes.map((analyte): AnalyteResult => ({ analyte, result: 'negative' }))) },
  }
  for (const analyte of analytes) others[`analyte-${analyte}`] = { act: actOf([{ analyte, result: 'positive' }]) }
  for (const consent of consents) others[`consent-${consent}`] = { act: { ...act, consent } }
  for (const symptoms of symptomBands) others[`symptoms-${symptoms}`] = { act: { ...act, symptoms } }
  return Object.entries(others).flatMap(([name, part]) => inEachFormat(name, { ...someDocument, ...part }))
}

/** The model has no cancellation of its own: only the message around it says "delete". */
function inEachFormat(name: string, document: DeclarationDocument): ConformanceCase[] {
  const message: ConformanceCase = { name, format: 'ans-oru-cda', document }
  return document.kind === 'cancellation' ? [message] : [{ name, format: 'bio-trod', document }, message]
}

function versionOf(document: DeclarationDocument, kind: DeclarationKind): DeclarationDocument {
  return kind === 'original' ? document : { ...document, kind, version: 2, replacesVersion: 1 }
}

function actOf(results: readonly AnalyteResult[]): DeclarationDocument['act'] {
  const [first, ...others] = results
  if (first === undefined) throw new Error('an act has a result')
  return { ...someAct, results: [first, ...others], comment: 'Prélèvement nasopharyngé' }
}
