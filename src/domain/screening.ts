/** A screening: one rapid test on one patient. The act is what happened; it is sealed with the patient. */
import type { Udi } from './udi.ts'

export const analytes = ['sars-cov-2', 'influenza-a', 'influenza-b', 'rsv', 'strep-a'] as const
export type Analyte = (typeof analytes)[number]

export const screeningResults = ['positive', 'negative', 'indeterminate', 'unsatisfactory-sample'] as const
export type ScreeningResult = (typeof screeningResults)[number]

export const consents = ['yes', 'no', 'unanswered'] as const
export type Consent = (typeof consents)[number]

/** Onset of symptoms in days before sampling; bands of national-formats §1 (assumed). */
export const symptomBands = ['none', 'onset-0-1', 'onset-2-4', 'onset-5-7', 'onset-8-14', 'onset-15-28', 'unknown'] as const
export type SymptomBand = (typeof symptomBands)[number]

export type AnalyteResult = { readonly analyte: Analyte; readonly result: ScreeningResult }

export type UsedTestKit = {
  readonly id: string
  readonly maker: string
  readonly name: string
  readonly udi: Udi | null
  readonly lot: string | null
  /** `YYYY-MM-DD`. */
  readonly expiry: string | null
}

export type Act = {
  /** Sampling, ISO 8601 in UTC. */
  readonly sampledAt: string
  readonly testKit: UsedTestKit
  readonly results: readonly [AnalyteResult, ...AnalyteResult[]]
  readonly consent: Consent
  readonly symptoms: SymptomBand
  readonly comment: string | null
}

/**
 * `draft`: a preparer's, waiting for a pharmacist's signature; nothing leaves. `signed`: the current version.
 * `superseded`: a newer version took its place. `cancelled`: withdrawn, by a last version.
 */
export const screeningStatuses = ['draft', 'signed', 'superseded', 'cancelled'] as const
export type ScreeningStatus = (typeof screeningStatuses)[number]
