/** A person sends a parked declaration on its way again: same control id, a fresh budget of attempts. */
import { appendEvent } from '../audit/append-event.ts'
import { isId } from '../base/ids.ts'
import { GatewayError } from '../domain/errors.ts'
import { findDeclarationOf, releaseParked } from '../storage/declarations.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { findReadableScreening } from './get-screening.ts'

export function retryDeclaration(deps: ActionDeps): Actions['retryDeclaration'] {
  return async (actor, { screeningId, declarationId }, request) => {
    await ensureMay(deps, actor, 'declaration.retry', request, {
      action: 'declaration.retry',
      screeningId: isId(screeningId) ? screeningId : null,
    })
    await findReadableScreening(deps, actor, screeningId, request, 'declaration.retry')
    if (!isId(declarationId)) throw new GatewayError('not-found')
    await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
      const found = await findDeclarationOf(tx, { screeningId, declarationId })
      if (!found) throw new GatewayError('not-found')
      // Conditional on what it expects: a colleague may have decided already, and only a parked one waits for a decision.
      if (!(await releaseParked(tx, declarationId))) throw new GatewayError('conflict')
      await appendEvent(tx, {
        at: deps.clock.now(),
        actor,
        action: 'declaration.retry',
        outcome: 'done',
        object: { type: 'declaration', id: declarationId },
        request,
        details: { destination: found.destination, parkedFor: found.code ?? 'unknown', attempts: found.attemptCount },
      })
    })
  }
}
