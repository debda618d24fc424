/** Finds today's screenings of the same person in this pharmacy: by blind index, then by the opened identity, never by a guess. */
import { appendEvent } from '../audit/append-event.ts'
import { utf8 } from '../base/bytes.ts'
import { openColumn } from '../crypto/envelope.ts'
import { isSamePatient } from '../crypto/patient-indexes.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { parseCapture } from '../domain/capture-input.ts'
import { isUnavailable } from '../domain/errors.ts'
import { parisDay, parisDayBounds } from '../domain/paris-time.ts'
import type { Patient } from '../domain/patient.ts'
import { type Candidate, listCandidatesSince } from '../storage/blind-indexes.ts'
import { findIdempotencyKey } from '../storage/idempotency.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { identityOf, indexesOf, keyRingOrUnavailable } from './store-screening.ts'
import type { DuplicateView } from './views.ts'

/** All of a peak pharmacy's day could share one index, and would still be looked through. */
const candidatesMax = 500
const shownMax = 5

export function findDuplicates(deps: ActionDeps): Actions['findDuplicates'] {
  return async (actor, input, request) => {
    await ensureMay(deps, actor, 'screening.draft', request, { action: 'screening.capture' })
    const now = deps.clock.now()
    const parsed = parseCapture(input.fields, { now, profile: deps.profile, findTestKit: deps.findTestKit })
    if (!parsed.ok) return []
    try {
      const found = await sameToday(deps, { actor, patient: parsed.value.patient, idempotencyKey: input.idempotencyKey, now })
      if (found.length > 0) await trace(deps, { actor, request, at: now, found })
      return found
    } catch (cause) {
      // A warning less is better than a screening that cannot be captured; the capture itself says if it cannot be stored.
      if (isUnavailable(cause)) return []
      throw cause
    }
  }
}

async function sameToday(
  deps: ActionDeps,
  search: {
    readonly actor: Professional
    readonly patient: Patient
    readonly idempotencyKey: string
    readonly now: Date
  },
): Promise<readonly DuplicateView[]> {
  const { pharmacyId } = search.actor
  const indexes = await indexesOf(deps, pharmacyId, search.patient)
  const { from } = parisDayBounds(parisDay(search.now))
  const keySha256 = deps.sha256(utf8(search.idempotencyKey))
  const candidates = await deps.database.forPharmacy(pharmacyId, async (tx) => {
    // Sent twice, the form would find what its first sending stored: that one is answered again, not warned of.
    if (await findIdempotencyKey(tx, { pharmacyId, keySha256 })) return []
    return listCandidatesSince(tx, { pharmacyId, indexes, from, limit: candidatesMax })
  })
  const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys(candidates.map((row) => row.keyRef)))
  const wanted = identityOf(search.patient)
  const isSame = (row: Candidate) => {
    const key = keys.get(row.keyRef)
    if (!key) return false // erased
    const cell = { pharmacyId, table: 'screenings', column: 'patient', rowId: row.versionId }
    return isSamePatient(identityOf(openColumn(key, cell, row.patient)), wanted)
  }
  return candidates
    .filter(isSame)
    .slice(0, shownMax)
    .map(({ screeningId, capturedAt }) => ({ screeningId, capturedAt }))
}

/** What is shown of others' captures is a reading, and said to be one. */
async function trace(
  deps: ActionDeps,
  reading: {
    readonly actor: Professional
    readonly request: RequestContext
    readonly at: Date
    readonly found: readonly DuplicateView[]
  },
): Promise<void> {
  const { actor, request, at, found } = reading
  await deps.database.forPharmacy(actor.pharmacyId, (tx) =>
    appendEvent(tx, {
      at,
      actor,
      action: 'screening.list',
      outcome: 'done',
      request,
      details: { count: found.length, purpose: 'same-person-today' },
    }),
  )
}
