/** A patient's two blind indexes, and the exact comparison that follows a search by them. */
import { assert } from '../base/assert.ts'
import { blindIndex } from './blind-index.ts'
import { planBlindIndexes } from './blind-index-plan.ts'
import type { KeyRing } from './key-ring.ts'
import { normalisationVersion, normaliseName } from './normalise-name.ts'

/** What says who a patient is; `insMatricule` where the national number is known. */
export type PatientIdentity = {
  readonly birthName: string
  readonly birthFirstName: string
  /** `YYYY-MM-DD`. */
  readonly birthDate: string
  readonly insMatricule: string | null
}
export type PatientIndexes = { readonly identityIndex: string; readonly insIndex: string | null }

const indexesOfOnePerson = 2

/** Bits of each index of a patient, for as many screenings as one pharmacy keeps by order of magnitude (16 at least). */
export function patientIndexBits(screeningsPerPharmacy: number): number {
  const plan = planBlindIndexes(screeningsPerPharmacy, indexesOfOnePerson)
  assert(plan.ok, 'the configuration allows no population too small for its indexes')
  return plan.value.bitsEach
}

/** Throws `KeyRingError`. */
export async function indexPatient(
  deps: { readonly ring: Pick<KeyRing, 'macForPharmacy'> },
  input: { readonly pharmacyId: string; readonly bits: number; readonly patient: PatientIdentity },
): Promise<PatientIndexes> {
  const { pharmacyId, bits, patient } = input
  const { birthName, birthDate, insMatricule } = patient
  const of = (subject: Parameters<typeof blindIndex>[1]['subject']) => blindIndex(deps, { pharmacyId, bits, subject })
  return {
    identityIndex: await of({ kind: 'identity', birthName, birthDate }),
    insIndex: insMatricule === null ? null : await of({ kind: 'ins', matricule: insMatricule }),
  }
}

/** Bits of an index as it stands in a row, where our rules of normalisation made it; null for another version's. */
export function bitsOfShape(shape: string): number | null {
  const match = /^(\d+)\.(\d+)$/.exec(shape)
  return match && Number(match[1]) === normalisationVersion ? Number(match[2]) : null
}

/**
 * Two national numbers decide alone. Without, birth name, first birth name and birth date must agree: twins share a name and a
 * date, and are two people.
 */
export function isSamePatient(one: PatientIdentity, other: PatientIdentity): boolean {
  if (one.insMatricule !== null && other.insMatricule !== null) return one.insMatricule === other.insMatricule
  return (
    one.birthDate === other.birthDate &&
    normaliseName(one.birthName) === normaliseName(other.birthName) &&
    normaliseName(one.birthFirstName) === normaliseName(other.birthFirstName)
  )
}
