/** Every screening of one person, over all pharmacies: by blind index, then by what the opened rows say. */

import { openColumn } from '../crypto/envelope.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import { bitsOfShape, indexPatient, isSamePatient, type PatientIdentity } from '../crypto/patient-indexes.ts'
import type { Patient } from '../domain/patient.ts'
import { type Candidate, listCandidates, listIndexShapes } from '../storage/blind-indexes.ts'
import type { Database } from '../storage/database.ts'
import { type ErasableScreening, findErasable, listPharmacyIds } from '../storage/erasure.ts'
import { findCurrentScreening } from '../storage/screenings.ts'

export type FindPersonDeps = {
  readonly database: Pick<Database, 'forPharmacy' | 'forNobody'>
  readonly ring: Pick<KeyRing, 'findRecordKeys' | 'macForPharmacy'>
  /** Told of every batch of rows looked through. */
  readonly onProgress?: (looked: number) => void
}
/** `byNumber`: the national number agreed; else names and date did. */
export type FoundScreening = ErasableScreening & { readonly capturedAt: Date; readonly byNumber: boolean }
export type FoundPerson = {
  /** Screenings whose version in force is this person's. */
  readonly screenings: readonly FoundScreening[]
  /** Their keys are gone and their trace is not written: an erasure was cut off. */
  readonly unfinished: readonly ErasableScreening[]
  /** An earlier version names this person, and the one in force somebody else: a screening that was put right. */
  readonly putRight: readonly string[]
  /** The same names and date under another national number: somebody else. */
  readonly otherNumber: readonly string[]
  /** National numbers that the found screenings carry, where none was given: more than one are several people. */
  readonly numbers: number
}

const pharmaciesMax = 100_000
const pageRows = 500
const pagesMax = 100_000
const zeroId = '00000000-0000-0000-0000-000000000000'

export async function findPerson(deps: FindPersonDeps, person: PatientIdentity): Promise<FoundPerson> {
  const found = {
    screenings: [] as FoundScreening[],
    unfinished: [] as ErasableScreening[],
    putRight: [] as string[],
    otherNumber: [] as string[],
  }
  const numbers = new Set<string>()
  for (const pharmacyId of await deps.database.forNobody((tx) => listPharmacyIds(tx, pharmaciesMax))) {
    const seen = await lookThrough(deps, pharmacyId, person)
    found.otherNumber.push(...seen.otherNumber)
    for (const screeningId of seen.keyless) found.unfinished.push(await getErasable(deps, pharmacyId, screeningId))
    for (const screeningId of seen.same) {
      const current = await openInForce(deps, pharmacyId, screeningId)
      if (!current || !isSamePatient(current.identity, person)) {
        found.putRight.push(screeningId)
        continue
      }
      if (current.identity.insMatricule !== null) numbers.add(current.identity.insMatricule)
      const byNumber = person.insMatricule !== null && current.identity.insMatricule === person.insMatricule
      const erasable = await getErasable(deps, pharmacyId, screeningId)
      found.screenings.push({ ...erasable, capturedAt: current.capturedAt, byNumber })
    }
  }
  return { ...found, numbers: numbers.size }
}

type Seen = { readonly same: Set<string>; readonly otherNumber: Set<string>; readonly keyless: Set<string> }

async function lookThrough(deps: FindPersonDeps, pharmacyId: string, person: PatientIdentity): Promise<Seen> {
  const seen: Seen = { same: new Set(), otherNumber: new Set(), keyless: new Set() }
  const shapes = await deps.database.forPharmacy(pharmacyId, (tx) => listIndexShapes(tx, pharmacyId))
  const indexes = await Promise.all(shapes.map((shape) => indexesOfShape(deps, pharmacyId, shape, person)))
  const search = {
    pharmacyId,
    identity: indexes.map((one) => one.identityIndex),
    ins: indexes.flatMap((one) => (one.insIndex === null ? [] : [one.insIndex])),
    limit: pageRows,
  }
  let afterVersionId = zeroId
  for (let page = 0; page < pagesMax; page++) {
    const rows = await deps.database.forPharmacy(pharmacyId, (tx) => listCandidates(tx, { ...search, afterVersionId }))
    await sort(deps, rows, person, seen)
    deps.onProgress?.(rows.length)
    const last = rows.at(-1)
    if (!last || rows.length < pageRows) break
    afterVersionId = last.versionId
  }
  return seen
}

async function indexesOfShape(deps: FindPersonDeps, pharmacyId: string, shape: string, person: PatientIdentity) {
  const bits = bitsOfShape(shape)
  // What cannot be searched must not look as if it had been.
  if (bits === null) throw new Error(`some rows carry indexes of other rules of normalisation (${shape}): nothing was erased`)
  return indexPatient(deps, { pharmacyId, bits, patient: person })
}

async function sort(deps: FindPersonDeps, rows: readonly Candidate[], person: PatientIdentity, seen: Seen): Promise<void> {
  const keys = await deps.ring.findRecordKeys(rows.map((row) => row.keyRef))
  for (const row of rows) {
    const key = keys.get(row.keyRef)
    if (!key) {
      // The key has gone and the index has not: who that was cannot be told any more, that they were erased can.
      if (row.identityIndex !== null) seen.keyless.add(row.screeningId)
      continue
    }
    const cell = { pharmacyId: row.pharmacyId, table: 'screenings', column: 'patient', rowId: row.versionId }
    const identity = identityOf(openColumn(key, cell, row.patient))
    if (isSamePatient(identity, person)) seen.same.add(row.screeningId)
    else if (isSamePatient({ ...identity, insMatricule: null }, person)) seen.otherNumber.add(row.screeningId)
  }
}

async function openInForce(deps: FindPersonDeps, pharmacyId: string, screeningId: string) {
  const row = await deps.database.forPharmacy(pharmacyId, (tx) => findCurrentScreening(tx, screeningId))
  const key = row && (await deps.ring.findRecordKeys([row.keyRef])).get(row.keyRef)
  if (!row || !key) return null
  const cell = { pharmacyId, table: 'screenings', column: 'patient', rowId: row.versionId }
  return { identity: identityOf(openColumn(key, cell, row.patient)), capturedAt: row.capturedAt }
}

async function getErasable(deps: FindPersonDeps, pharmacyId: string, screeningId: string): Promise<ErasableScreening> {
  const found = await deps.database.forPharmacy(pharmacyId, (tx) => findErasable(tx, screeningId))
  if (!found) throw new Error('a screening went away while it was being looked at')
  return found
}

function identityOf({ birthName, birthFirstName, birthDate, ins }: Patient): PatientIdentity {
  return { birthName, birthFirstName, birthDate, insMatricule: ins?.matricule ?? null }
}
