/** What a correction or a cancellation would do at each destination, beside what it would change: for the page before the button. */
import { isId } from '../base/ids.ts'
import { consequenceWithoutCancellation } from '../domain/correction-plan.ts'
import { canSayCancellation } from '../domain/destination-settings.ts'
import { GatewayError } from '../domain/errors.ts'
import { listEarlierOf } from '../storage/declarations.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { getScreening } from './get-screening.ts'
import { planVersion } from './plan-version.ts'

export function previewChange(deps: ActionDeps): Actions['previewChange'] {
  const read = getScreening(deps)
  return async (actor, { screeningId, intent }, request) => {
    const action = intent === 'cancel' ? 'screening.cancel' : 'screening.correct'
    await ensureMay(deps, actor, 'screening.correct', request, { action, screeningId: isId(screeningId) ? screeningId : null })
    const screening = await read(actor, screeningId, request)
    if (screening.status !== 'signed') throw new GatewayError('conflict')
    const earlier = await deps.database.forPharmacy(actor.pharmacyId, (tx) => listEarlierOf(tx, screeningId))
    const steps = planVersion(deps, { pharmacyId: actor.pharmacyId, intent, earlier }).map(({ destinationId, consequence }) => {
      const settings = deps.findDestination(destinationId)
      return {
        destinationLabel: settings?.label ?? destinationId,
        assumedFormat: settings?.format === 'sidep-oru',
        consequence: settings && !canSayCancellation(settings.format) ? consequenceWithoutCancellation(consequence) : consequence,
      }
    })
    return { screening, steps }
  }
}
