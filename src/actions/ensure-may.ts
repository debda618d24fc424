/** The role check that opens every action: a refusal is recorded before it is answered. */
import { type AuditAction, appendEvent } from '../audit/append-event.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { GatewayError } from '../domain/errors.ts'
import { type Permission, roleMay } from '../domain/roles.ts'
import type { ActionDeps } from './deps.ts'

type Refused = { readonly action: AuditAction; readonly screeningId?: string | null }

/** Throws `forbidden` where the role lacks the permission. */
export async function ensureMay(
  deps: Pick<ActionDeps, 'database' | 'clock'>,
  actor: Professional,
  permission: Permission,
  request: RequestContext,
  refused: Refused,
): Promise<void> {
  if (roleMay(actor.role, permission)) return
  await recordRefusal(deps, actor, request, { ...refused, code: 'forbidden' })
  throw new GatewayError('forbidden')
}

/** Records a refusal in a transaction of its own: there is no change to ride with. */
export async function recordRefusal(
  deps: Pick<ActionDeps, 'database' | 'clock'>,
  actor: Professional,
  request: RequestContext,
  refused: Refused & { readonly code: string },
): Promise<void> {
  await deps.database.forPharmacy(actor.pharmacyId, (tx) =>
    appendEvent(tx, {
      at: deps.clock.now(),
      actor,
      action: refused.action,
      outcome: 'denied',
      code: refused.code,
      ...(refused.screeningId ? { object: { type: 'screening', id: refused.screeningId } } : {}),
      request,
    }),
  )
}
