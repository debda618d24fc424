/** A person sends a stopped declaration on its way again: a parked one as it was, a refused one once what was wrong is mended. */
import { appendEvent } from '../audit/append-event.ts'
import { isId } from '../base/ids.ts'
import { GatewayError } from '../domain/errors.ts'
import { controlIdToSend } from '../domain/stopped.ts'
import { findDeclarationOf } from '../storage/declarations.ts'
import { lockStopped, requeueStopped } from '../storage/stopped.ts'
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
      if (!(await findDeclarationOf(tx, { screeningId, declarationId }))) throw new GatewayError('not-found')
      // Conditional on what it expects: a colleague may have decided already, and only a stopped one waits for a decision.
      const [row] = await lockStopped(tx, [{ id: declarationId, epoch: null }])
      if (!row) throw new GatewayError('conflict')
      // Nobody sends there: queued it would wait without end, and nobody would see it among what has stopped.
      if (!deps.findDestination(row.destination)) throw new GatewayError('not-configured')
      const controlId = controlIdToSend(row, deps.randomBytes)
      await requeueStopped(tx, [{ id: declarationId, controlId }])
      await appendEvent(tx, {
        at: deps.clock.now(),
        actor,
        action: 'declaration.retry',
        outcome: 'done',
        object: { type: 'declaration', id: declarationId },
        request,
        details: {
          destination: row.destination,
          was: row.state,
          stoppedFor: row.code ?? 'unknown',
          attempts: row.attemptCount,
          ...(controlId === row.controlId ? {} : { previousControlId: row.controlId }),
        },
      })
    })
  }
}
