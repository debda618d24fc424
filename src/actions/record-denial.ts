/** Records that a door stayed shut, for the request edge: no session, wrong role, refused request. */
import { appendEvent } from '../audit/append-event.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'

/** A failing trace must not turn a refusal into something else: the door stays shut either way, and `onFailure` is told. */
export function recordDenial(
  deps: Pick<ActionDeps, 'database' | 'clock'>,
  onFailure: (cause: unknown) => void,
): Actions['recordDenial'] {
  return async ({ actor, route, code }, request) => {
    const event = {
      at: deps.clock.now(),
      actor: actor ?? { kind: 'anonymous' as const },
      action: 'access' as const,
      outcome: 'denied' as const,
      code,
      object: { type: 'route' as const, id: null },
      request,
      details: { route },
    }
    try {
      await (actor
        ? deps.database.forPharmacy(actor.pharmacyId, (tx) => appendEvent(tx, event))
        : deps.database.forNobody((tx) => appendEvent(tx, event)))
    } catch (cause) {
      onFailure(cause)
    }
  }
}
