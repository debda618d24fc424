/** The screenings of one day, opened together with one look-up of their keys; the reading is one audit event with its count. */
import { appendEvent } from '../audit/append-event.ts'
import { type DeclarationState, isTerminal } from '../domain/declaration.ts'
import { GatewayError } from '../domain/errors.ts'
import { parisDayBounds } from '../domain/paris-time.ts'
import type { ScreeningStatus } from '../domain/screening.ts'
import { listStatesOf } from '../storage/declarations.ts'
import { listScreeningsBetween } from '../storage/screenings.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { openVersion } from './get-screening.ts'
import { keyRingOrUnavailable } from './store-screening.ts'
import type { Progress, ScreeningSummary } from './views.ts'

/** Peak pharmacies capture 300 a day (product.md); beyond this the page says that it is cut. */
export const listLengthMax = 500

export function listScreenings(deps: ActionDeps): Actions['listScreenings'] {
  return async (actor, day, request) => {
    await ensureMay(deps, actor, 'screening.read', request, { action: 'screening.list' })
    const bounds = dayBounds(day)
    const { rows, states } = await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
      const found = await listScreeningsBetween(tx, { pharmacyId: actor.pharmacyId, ...bounds, limit: listLengthMax + 1 })
      const shown = found.slice(0, listLengthMax)
      await appendEvent(tx, {
        at: deps.clock.now(),
        actor,
        action: 'screening.list',
        outcome: 'done',
        request,
        details: { day, count: shown.length },
      })
      return {
        rows: found,
        states: await listStatesOf(
          tx,
          shown.map((row) => row.screeningId),
        ),
      }
    })
    const shown = rows.slice(0, listLengthMax)
    const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys(shown.map((row) => row.keyRef)))
    const items = shown.flatMap((row): ScreeningSummary[] => {
      const key = keys.get(row.keyRef)
      if (!key) return [] // erased
      const { patient, act } = openVersion(key, row)
      const ofScreening = states.filter((entry) => entry.screeningId === row.screeningId)
      return [
        {
          screeningId: row.screeningId,
          status: row.status,
          capturedAt: row.capturedAt,
          birthName: patient.birthName,
          birthFirstName: patient.birthFirstName,
          birthDate: patient.birthDate,
          results: act.results,
          progress: progressOf(row.status, standingStates(row.version, ofScreening)),
        },
      ]
    })
    return { day, items, truncated: rows.length > shown.length }
  }
}

function dayBounds(day: string): { from: Date; until: Date } {
  try {
    return parisDayBounds(day)
  } catch (cause) {
    throw new GatewayError('bad-request', { cause })
  }
}

/** The state that needs a person most speaks for the screening. */
const byUrgency: readonly DeclarationState[] = [
  'rejected',
  'parked',
  'queued',
  'claimed',
  'sent',
  'received',
  'accepted',
  'cancelled',
]

export function progressOf(status: ScreeningStatus, states: readonly DeclarationState[]): Progress {
  if (status === 'draft') return 'draft'
  const worst = byUrgency.find((state) => states.includes(state)) ?? 'cancelled'
  // What was cancelled and is known to be so everywhere has come to its end.
  if (status === 'cancelled' && (worst === 'accepted' || worst === 'received')) return 'cancelled'
  return worst === 'claimed' ? 'queued' : worst
}

/** The states that count: those of the newest version, and earlier ones that still hold these back. What an earlier one came to is past. */
export function standingStates(
  version: number,
  declarations: readonly { readonly version: number; readonly state: DeclarationState }[],
): readonly DeclarationState[] {
  return declarations.filter((one) => one.version === version || !isTerminal(one.state)).map((one) => one.state)
}
