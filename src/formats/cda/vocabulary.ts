/** Codes that only the CDA writes, with their published French names; results, analytes and UDI roots are in `profiles/codes.ts`. */
import type { Author } from '../../domain/declaration-document.ts'
import type { IdentityStatus } from '../../domain/ins.ts'
import type { Sex } from '../../domain/patient.ts'
import type { Analyte, Consent } from '../../domain/screening.ts'
import type { Coded } from '../profiles/codes.ts'

/** A code with the OID of its system, and the system's name where the published example gives one. */
export type SystemCode = Coded & { readonly system: string; readonly systemName?: string | undefined }

const loincOid = '2.16.840.1.113883.6.1'
const icd10 = { system: '2.16.840.1.113883.6.3', systemName: 'CIM-10' } as const
const profession = '1.2.250.1.213.1.1.4.5'

/** LOINC 96173-0: the document, in CDA, in OBR-4 and in OBX-3. */
export const documentCode: SystemCode = {
  code: '96173-0',
  display: "Test rapide d'orientation diagnostique",
  system: loincOid,
}
export const confidentiality: SystemCode = { code: 'N', display: 'Normal', system: '2.16.840.1.113883.5.25' }
export const sectionCode: SystemCode = { code: '18725-2', display: 'Microbiologie', system: loincOid, systemName: 'LOINC' }
export const commentCode: SystemCode = { code: '48767-8', display: 'Commentaire', system: loincOid, systemName: 'LOINC' }
export const practiceSetting: SystemCode = { code: 'DEPISTAGE', display: 'Dépistage', system: '1.2.250.1.213.1.1.4.9' }
export const facilityType: SystemCode = { code: 'SA33', display: "Pharmacie d'officine", system: '1.2.250.1.71.4.2.4' }
export const encounterType: SystemCode = {
  code: 'AMB',
  display: 'Ambulatoire (hors établissement)',
  system: '2.16.840.1.113883.5.4',
}
/** GEN-366 states a consent that was given; there is no code for one refused, so none is then written. */
export const consentGiven: SystemCode = {
  code: 'GEN-366',
  display: 'Le patient (ou son représentant légal) a donné son consentement pour la réalisation du test.',
  system: '1.2.250.1.213.1.1.4.322',
  systemName: 'TA_ASIP',
}

/** Viral and bacterial serology: the agency's examples for Covid-19 and influenza, and for angina. */
const viralStudies: SystemCode = { code: '92893-7', display: 'Sérologie virale', system: loincOid, systemName: 'LOINC' }
const bacterialStudies: SystemCode = { code: '92894-5', display: 'Sérologie bactérienne', system: loincOid, systemName: 'LOINC' }

/** JDV_J01-XdsAuthorSpecialty-CISIS: who may author. A pharmacist who is no titular is an "adjoint, remplaçant ou gérant". */
const professions = new Map<Author['role'], SystemCode>([
  ['titular', { code: 'G15_21/A', display: "Pharmacien titulaire d'officine", system: profession }],
  ['pharmacist', { code: 'G15_21/D', display: 'Pharmacien adjoint, remplaçant ou gérant', system: profession }],
  ['student', { code: 'G16_21', display: 'Pharmacien en formation', system: profession }],
])

/** JDV_J143-AdministrativeGender-CISIS. */
const sexes = new Map<Sex, SystemCode>([
  ['female', { code: 'F', display: 'Féminin', system: '2.16.840.1.113883.5.1' }],
  ['male', { code: 'M', display: 'Masculin', system: '2.16.840.1.113883.5.1' }],
  ['unknown', { code: 'UN', display: 'Inconnu', system: '2.16.840.1.113883.5.1' }],
])

/** What the CDA says of an analyte: LOINC name, disease sought, its names in the title and the narrative, kind of study. */
export type AnalyteWords = {
  readonly loincName: string
  readonly disease: SystemCode
  readonly title: string
  readonly narrative: string
  readonly study: SystemCode
}

/**
 * LOINC names of BIO-TROD 2024.01's examples and of JDV Trod Examen CISIS; diseases of the same examples. Nobody published
 * a disease for the RSV test: B97.4 is ASSUMED.
 */
const analytes = new Map<Analyte, AnalyteWords>([
  [
    'sars-cov-2',
    {
      loincName: 'Coronavirus SARS-CoV-2 Ag [Présence/Seuil] Respiratoire ; Qualitatif ; Immunoanalyse rapide',
      disease: { code: 'U07.1', display: 'COVID-19', ...icd10 },
      title: 'Covid-19',
      narrative: 'Dépistage SARS-CoV2',
      study: viralStudies,
    },
  ],
  [
    'influenza-a',
    {
      loincName: 'Influenza virus A Ag [Présence/Seuil] Voies respiratoires supérieures ; Qualitatif ; Immunoanalyse rapide',
      disease: { code: 'J09', display: 'Grippe, à virus grippal zoonotique ou pandémique identifié', ...icd10 },
      title: 'Grippe A',
      narrative: 'Dépistage Grippe A',
      study: viralStudies,
    },
  ],
  [
    'influenza-b',
    {
      loincName: 'Influenza virus B Ag [Présence/Seuil] Voies respiratoires supérieures ; Qualitatif ; Immunoanalyse rapide',
      disease: { code: 'J10', display: 'Grippe, à virus grippal saisonnier identifié', ...icd10 },
      title: 'Grippe B',
      narrative: 'Dépistage Grippe B',
      study: viralStudies,
    },
  ],
  [
    'rsv',
    {
      loincName: 'Virus respiratoire syncytial Ag [Présence/Seuil] Nasopharynx ; Qualitatif ; Immunoanalyse rapide',
      disease: {
        code: 'B97.4',
        display: "Virus respiratoire syncytial, cause de maladies classées dans d'autres chapitres",
        ...icd10,
      },
      title: 'VRS',
      narrative: 'Dépistage VRS (virus respiratoire syncytial)',
      study: viralStudies,
    },
  ],
  [
    'strep-a',
    {
      loincName: 'Streptococcus pyogenes Ag [Présence/Seuil] Gorge ; Qualitatif ; Immunoanalyse rapide',
      disease: { code: 'J02.0', display: 'Pharyngite à streptocoques', ...icd10 },
      title: 'Angine',
      narrative: 'Dépistage Angine (S. pyogenes)',
      study: bacterialStudies,
    },
  ],
])

/** The model has no place for these two: the narrative says them in words. */
const consentSentences = new Map<Consent, string>([
  ['yes', 'Consentement donné'],
  ['no', 'Consentement refusé'],
  ['unanswered', 'Sans réponse'],
])
const identityStatusWords = new Map<IdentityStatus, string>([
  ['PROV', 'Identité provisoire'],
  ['VALI', 'Identité validée'],
  ['RECUP', 'Identité récupérée'],
  ['QUAL', 'Identité qualifiée'],
])

// Each finder answers null for a word that its table does not hold: the caller must refuse, never choose.
export const findProfession = (role: string): SystemCode | null => find(professions, role)
export const findSexCode = (sex: string): SystemCode | null => find(sexes, sex)
export const findAnalyteWords = (analyte: string): AnalyteWords | null => find(analytes, analyte)
export const findConsentSentence = (consent: string): string | null => find(consentSentences, consent)
export const findIdentityStatusWords = (status: string): string | null => find(identityStatusWords, status)

function find<Value>(table: ReadonlyMap<string, Value>, key: string): Value | null {
  return table.get(key) ?? null
}
