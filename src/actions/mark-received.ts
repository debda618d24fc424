/** A person has seen that the destination holds a declaration that nothing moves any more: it ends as received by hand, with their name and reason. */
import { appendEvent } from '../audit/append-event.ts'
import { isId } from '../base/ids.ts'
import { ok } from '../base/result.ts'
import { sealColumn } from '../crypto/envelope.ts'
import { GatewayError } from '../domain/errors.ts'
import { parseReason } from '../domain/reason.ts'
import { mayBeReceived } from '../domain/stopped.ts'
import { findDeclarationOf } from '../storage/declarations.ts'
import { lockReceivable, receiveByHand } from '../storage/stopped.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { findReadableScreening } from './get-screening.ts'
import { keyRingOrUnavailable } from './store-screening.ts'

export function markReceived(deps: ActionDeps): Actions['markReceived'] {
  return async (actor, { screeningId, declarationId, reason }, request) => {
    const action = 'declaration.mark-received' as const
    await ensureMay(deps, actor, 'declaration.retry', request, { action, screeningId: isId(screeningId) ? screeningId : null })
    const screening = await findReadableScreening(deps, actor, screeningId, request, action)
    if (!isId(declarationId)) throw new GatewayError('not-found')
    const given = parseReason(reason)
    if (!given.ok) return given
    const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys([screening.keyRef]))
    const key = keys.get(screening.keyRef)
    if (!key) throw new GatewayError('not-found')
    const { pharmacyId } = actor
    const cell = { pharmacyId, table: 'received_by_hand', column: 'reason', rowId: declarationId }
    const sealed = sealColumn(key, cell, given.value)
    await deps.database.forPharmacy(pharmacyId, async (tx) => {
      if (!(await findDeclarationOf(tx, { screeningId, declarationId }))) throw new GatewayError('not-found')
      const row = await lockReceivable(tx, { id: declarationId, epoch: null })
      if (!row || !mayBeReceived(row.state, deps.findDestination(row.destination) !== null)) throw new GatewayError('conflict')
      const at = deps.clock.now()
      const { state: was, code, destination } = row
      const decision = { declarationId, pharmacyId, was, code, reason: sealed, decidedBy: actor.professionalId, operator: null }
      if (!(await receiveByHand(tx, { ...decision, decidedAt: at }))) throw new GatewayError('conflict')
      const details = { destination, was, stoppedFor: code ?? 'unknown' }
      const object = { type: 'declaration' as const, id: declarationId }
      await appendEvent(tx, { at, actor, action, outcome: 'done', object, request, details })
    })
    return ok(null)
  }
}
