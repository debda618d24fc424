/** The one commit of a capture: sealed version, a declaration per destination, trace and idempotency key, all or nothing. */

import { appendEvent } from '../audit/append-event.ts'
import { utf8 } from '../base/bytes.ts'
import { addMs } from '../base/clock.ts'
import { sealColumn } from '../crypto/envelope.ts'
import { KeyRingError } from '../crypto/key-ring.ts'
import { indexPatient, type PatientIdentity, type PatientIndexes } from '../crypto/patient-indexes.ts'
import type { RecordKey } from '../crypto/sealed.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { type CaptureInput, captureFields } from '../domain/capture-fields.ts'
import { controlIdFrom } from '../domain/control-id.ts'
import type { DeclarationKind } from '../domain/declaration.ts'
import type { Author } from '../domain/declaration-document.ts'
import { GatewayError } from '../domain/errors.ts'
import type { Patient } from '../domain/patient.ts'
import { type Role, roleMay } from '../domain/roles.ts'
import type { Act } from '../domain/screening.ts'
import type { Tx } from '../storage/database.ts'
import type { NewDeclarationRow } from '../storage/declarations.ts'
import { claimIdempotencyKey, findIdempotencyKey } from '../storage/idempotency.ts'
import { findCurrentScreening } from '../storage/screenings.ts'
import type { ActionDeps } from './deps.ts'
import type { Captured } from './views.ts'

/** Times kept in the clear are rounded to the minute: finer ones would tell the order of patients at the counter. */
const clearTimeStepMs = 60_000

export function roundedNow(now: Date): Date {
  return addMs(now, -(now.getTime() % clearTimeStepMs))
}

export type SealedVersion = Awaited<ReturnType<typeof sealVersion>>

/** Sealed columns, and the blind indexes by which the same person is found again. */
export async function sealVersion(
  deps: Pick<ActionDeps, 'keyRing' | 'blindIndexBits'>,
  key: RecordKey,
  versionId: string,
  content: { patient: Patient; act: Act },
) {
  const { pharmacyId } = key
  const indexes = await indexesOf(deps, pharmacyId, content.patient)
  const cell = (column: string) => ({ pharmacyId, table: 'screenings', column, rowId: versionId })
  return {
    patient: sealColumn(key, cell('patient'), content.patient),
    act: sealColumn(key, cell('act'), content.act),
    ...indexes,
  }
}

export function indexesOf(
  deps: Pick<ActionDeps, 'keyRing' | 'blindIndexBits'>,
  pharmacyId: string,
  patient: Patient,
): Promise<PatientIndexes> {
  const input = { pharmacyId, bits: deps.blindIndexBits, patient: identityOf(patient) }
  return keyRingOrUnavailable(indexPatient({ ring: deps.keyRing }, input))
}

export function identityOf({ birthName, birthFirstName, birthDate, ins }: Patient): PatientIdentity {
  return { birthName, birthFirstName, birthDate, insMatricule: ins?.matricule ?? null }
}

type DeclaredVersion = {
  readonly pharmacyId: string
  readonly screeningId: string
  readonly versionId: string
  readonly version: number
  readonly kind: DeclarationKind
  readonly replacesVersion: number | null
}

/** One declaration, due at once, under a control id of its own. */
export function declarationFor(
  deps: Pick<ActionDeps, 'newTimedId' | 'randomBytes'>,
  destinationId: string,
  version: DeclaredVersion,
): NewDeclarationRow {
  const controlId = controlIdFrom(deps.randomBytes(20))
  return { ...version, id: deps.newTimedId(), destination: destinationId, state: 'queued', controlId }
}

/** The originals of a screening that is signed for the first time, for every destination of the pharmacy; `unavailable` where it has none. */
export function originalsFor(
  deps: Pick<ActionDeps, 'newTimedId' | 'randomBytes' | 'destinationsOf'>,
  version: Omit<DeclaredVersion, 'kind' | 'replacesVersion'>,
): readonly NewDeclarationRow[] {
  const original = { ...version, kind: 'original', replacesVersion: null } as const
  const destinations = deps.destinationsOf(version.pharmacyId)
  // Signed and sent nowhere, it would be missed by nobody: the form is kept until the configuration is mended.
  if (destinations.length === 0) throw new GatewayError('unavailable')
  return destinations.map((destination) => declarationFor(deps, destination.id, original))
}

/** The role under which this person signs, as the message will say it; null where they may not. */
export function signingRole(role: Role): Author['role'] | null {
  if (!roleMay(role, 'screening.sign')) return null
  return role === 'titular' || role === 'student' ? role : 'pharmacist'
}

export type IdempotencyClaim = { readonly pharmacyId: string; readonly keySha256: Uint8Array; readonly bodyMac: Uint8Array }

/** Keyed digest of who asks for what, in field order: what "the same request" means. A key never answers for another verb or person. */
export async function idempotencyClaim(
  deps: Pick<ActionDeps, 'keyRing' | 'sha256'>,
  actor: Professional,
  input: {
    readonly verb: 'capture' | 'sign' | 'correct' | 'cancel'
    readonly fields: CaptureInput
    readonly idempotencyKey: string
    /** What else makes two requests the same: the screening that they change, and why. */
    readonly also?: readonly string[]
  },
): Promise<IdempotencyClaim> {
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(input.idempotencyKey)) throw new GatewayError('bad-request')
  const typed = captureFields.map((field) => input.fields[field] ?? '')
  const body = JSON.stringify([input.verb, actor.professionalId, ...typed, ...(input.also ?? [])])
  return {
    pharmacyId: actor.pharmacyId,
    keySha256: deps.sha256(utf8(input.idempotencyKey)),
    bodyMac: await keyRingOrUnavailable(deps.keyRing.macForPharmacy(actor.pharmacyId, 'idempotency-body', utf8(body))),
  }
}

/**
 * Claims the key for `screeningId`, or answers the screening that it stands for. Two requests with one key meet at the
 * primary key: the second waits for the first's commit and then reads it here.
 */
export async function claimOrReplay(
  tx: Tx,
  claim: IdempotencyClaim,
  screeningId: string,
  now: Date,
): Promise<{ replayOf: string | null }> {
  if (await claimIdempotencyKey(tx, { ...claim, screeningId, createdAt: now })) return { replayOf: null }
  const earlier = await findIdempotencyKey(tx, claim)
  if (!earlier || !sameBytes(earlier.bodyMac, claim.bodyMac)) throw new GatewayError('conflict')
  return { replayOf: earlier.screeningId }
}

/** What the first of two equal requests was answered, as it stands now. */
export async function answerAgain(tx: Tx, screeningId: string): Promise<Captured> {
  const stored = await findCurrentScreening(tx, screeningId)
  return { screeningId, status: stored?.status === 'draft' ? 'draft' : 'signed', replayed: true }
}

/** The screening that this very request changed before, or null; throws `conflict` where the key was used for another one. */
export async function findReplay(deps: Pick<ActionDeps, 'database'>, claim: IdempotencyClaim): Promise<string | null> {
  const earlier = await deps.database.forPharmacy(claim.pharmacyId, (tx) => findIdempotencyKey(tx, claim))
  if (!earlier) return null
  if (!sameBytes(earlier.bodyMac, claim.bodyMac)) throw new GatewayError('conflict')
  return earlier.screeningId
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

export async function keyRingOrUnavailable<Value>(asked: Promise<Value>): Promise<Value> {
  try {
    return await asked
  } catch (cause) {
    if (cause instanceof KeyRingError && cause.code === 'unavailable') throw new GatewayError('unavailable', { cause })
    throw cause
  }
}

export async function traceCapture(
  tx: Tx,
  trace: {
    actor: Professional
    request: RequestContext
    at: Date
    screeningId: string
    action: 'screening.capture' | 'screening.draft' | 'screening.sign'
    declarations: number
  },
): Promise<void> {
  const { actor, request, at, screeningId, action } = trace
  await appendEvent(tx, {
    at,
    actor,
    action,
    outcome: 'done',
    object: { type: 'screening', id: screeningId },
    request,
    details: { declarations: trace.declarations },
  })
}
