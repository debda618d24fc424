/** Codes of results, analytes, symptoms, consent and devices: explicit tables, read both ways, with no default. */
import {
  type Analyte,
  type AnalyteResult,
  analytes,
  type Consent,
  type ScreeningResult,
  type SymptomBand,
} from '../../domain/screening.ts'
import type { UdiIssuer } from '../../domain/udi.ts'

export type Coded = { readonly code: string; readonly display: string }

/** HL7 table 0396 names and the OIDs of the same systems. */
export const snomedCt = { name: 'SCT', oid: '2.16.840.1.113883.6.96' } as const
export const loinc = { name: 'LN', oid: '2.16.840.1.113883.6.1' } as const
/** The agency's own terminology, where GEN-366 lives. */
export const taAsip = { name: 'TA_ASIP', oid: '1.2.250.1.213.1.1.4.322' } as const

/** SNOMED CT of JDV_ResultatDepistage-CISIS (BIO-TROD 2024.01); not the codes of the EU certificate. */
const resultCodes = new Map<ScreeningResult, Coded>([
  ['positive', { code: '10828004', display: 'positif' }],
  ['negative', { code: '260385009', display: 'négatif' }],
  ['indeterminate', { code: '373068000', display: 'indéterminé(e)' }],
  ['unsatisfactory-sample', { code: '125154007', display: "échantillon insatisfaisant pour l'évaluation" }],
])

/** LOINC of the rapid tests of BIO-TROD 2024.01; the first display is the agency's, the others are ours. */
const analyteCodes = new Map<Analyte, Coded>([
  [
    'sars-cov-2',
    { code: '94558-4', display: 'Coronavirus SARS-CoV-2 Ag [Présence/Seuil] Respiratoire ; Qualitatif ; Immunoanalyse rapide' },
  ],
  ['influenza-a', { code: '80382-5', display: 'Virus grippe A Ag, immunoanalyse rapide' }],
  ['influenza-b', { code: '80383-3', display: 'Virus grippe B Ag, immunoanalyse rapide' }],
  ['rsv', { code: '72885-7', display: 'Virus respiratoire syncytial Ag, immunoanalyse rapide' }],
  ['strep-a', { code: '78012-2', display: 'Streptocoque A Ag, immunoanalyse rapide' }],
])

/** ASSUMED (national-formats §1): the bands and their codes. */
const symptomCodes = new Map<SymptomBand, Coded>([
  ['none', { code: 'ASYMPTOMATIQUE', display: 'Aucun symptôme' }],
  ['onset-0-1', { code: 'J0-J1', display: 'Symptômes apparus le jour du prélèvement ou la veille' }],
  ['onset-2-4', { code: 'J2-J4', display: 'Symptômes apparus 2 à 4 jours avant le prélèvement' }],
  ['onset-5-7', { code: 'J5-J7', display: 'Symptômes apparus 5 à 7 jours avant le prélèvement' }],
  ['onset-8-14', { code: 'J8-J14', display: 'Symptômes apparus 8 à 14 jours avant le prélèvement' }],
  ['onset-15-28', { code: 'J15-J28', display: 'Symptômes apparus 15 à 28 jours avant le prélèvement' }],
  ['unknown', { code: 'INCONNU', display: 'Présence de symptômes inconnue' }],
])

/** GEN-366 is confirmed as the question; the answers of HL7 tables 0136 and 0532 are ASSUMED. */
export const consentQuestion: Coded = { code: 'GEN-366', display: 'Consentement du patient' }
const consentCodes = new Map<Consent, Coded>([
  ['yes', { code: 'Y', display: 'Oui' }],
  ['no', { code: 'N', display: 'Non' }],
  ['unanswered', { code: 'ASKU', display: 'Sans réponse' }],
])

/** OIDs under which a device identifier is written, by the body that issued it. */
const udiRoots = new Map<UdiIssuer, string>([
  ['gs1', '2.51.1.1'],
  ['hibcc', '1.0.15961.10.816'],
  ['iccbba', '2.16.840.1.113883.6.18.1.34'],
])

// Each finder answers null for what its table does not hold: the caller must refuse, never choose for the patient.
export const findResultCode = (result: string): Coded | null => find(resultCodes, result)
export const findAnalyteCode = (analyte: string): Coded | null => find(analyteCodes, analyte)
export const findSymptomCode = (band: string): Coded | null => find(symptomCodes, band)
export const findConsentCode = (consent: string): Coded | null => find(consentCodes, consent)
export const findUdiRoot = (issuer: string): string | null => find(udiRoots, issuer)

export const findResultOf = (code: string): ScreeningResult | null => findKey(resultCodes, code)
export const findAnalyteOf = (code: string): Analyte | null => findKey(analyteCodes, code)
export const findSymptomBandOf = (code: string): SymptomBand | null => findKey(symptomCodes, code)
export const findConsentOf = (code: string): Consent | null => findKey(consentCodes, code)

/** One result as it stands in a written message: the two codes, whatever syntax carries them. */
export type WrittenResult = { readonly analyteCode: string; readonly resultCode: string }

/**
 * True when the codes read back from a written message mean exactly the results that were given: none lost, none added,
 * none changed, and one for each analyte. A message for which this is false must not leave (`not-conserved`).
 */
export function resultsConserved(given: readonly AnalyteResult[], written: readonly WrittenResult[]): boolean {
  if (given.length === 0 || given.length > analytes.length || given.length !== written.length) return false
  const wanted = new Map(given.map(({ analyte, result }) => [analyte, result] as const))
  if (wanted.size !== given.length) return false
  const found = new Map(written.map(({ analyteCode, resultCode }) => [findAnalyteOf(analyteCode), findResultOf(resultCode)]))
  return [...wanted].every(([analyte, result]) => found.get(analyte) === result)
}

/** The tables are read with text from outside their type: what was sealed years ago, or what a receiver sent. */
function find<Value>(table: ReadonlyMap<string, Value>, key: string): Value | null {
  return table.get(key) ?? null
}

function findKey<Key extends string>(table: ReadonlyMap<Key, Coded>, code: string): Key | null {
  for (const [key, coded] of table) if (coded.code === code) return key
  return null
}
