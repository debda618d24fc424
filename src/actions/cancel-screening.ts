/** Cancels a signed screening with a reason: told to the destinations that hold it, and to no other. */
import { ok } from '../base/result.ts'
import type { Actions } from './actions.ts'
import { changeScreening } from './change-screening.ts'
import type { ActionDeps } from './deps.ts'

export function cancelScreening(deps: ActionDeps): Actions['cancelScreening'] {
  return (actor, { version: basedOn, ...input }, request) =>
    // The content of the version that ends, under the new version's own cell: what is cancelled is said in the message.
    changeScreening(
      deps,
      actor,
      { ...input, intent: 'cancel', basedOn, fields: {}, contentFrom: (before) => ok(before) },
      request,
    )
}
