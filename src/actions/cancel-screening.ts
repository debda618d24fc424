/** Cancels a signed screening with a reason: told to the destinations that hold it, and to no other. */
import { assert } from '../base/assert.ts'
import { isId } from '../base/ids.ts'
import { ok } from '../base/result.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { openCurrent } from './open-current.ts'
import { findReplay, idempotencyClaim, roundedNow, sealVersion, signingRole } from './store-screening.ts'
import { parseReason, storeVersion } from './store-version.ts'

export function cancelScreening(deps: ActionDeps): Actions['cancelScreening'] {
  return async (actor, input, request) => {
    const { screeningId, version: basedOn } = input
    await ensureMay(deps, actor, 'screening.correct', request, {
      action: 'screening.cancel',
      screeningId: isId(screeningId) ? screeningId : null,
    })
    const claim = await idempotencyClaim(deps, actor, {
      verb: 'cancel',
      fields: {},
      idempotencyKey: input.idempotencyKey,
      also: [screeningId, String(basedOn), input.reason],
    })
    // First: what was done before is done, whatever has become of the screening since.
    const replayOf = await findReplay(deps, claim)
    if (replayOf !== null) return ok({ screeningId: replayOf, replayed: true })
    const { current, key, content } = await openCurrent(
      deps,
      actor,
      { screeningId, version: basedOn, action: 'screening.cancel' },
      request,
    )
    const signedRole = signingRole(actor.role)
    assert(signedRole, 'who may cancel can sign')
    const reason = parseReason(input.reason)
    if (!reason.ok) return { ok: false, problem: { fields: [], reason: reason.problem } }
    const now = deps.clock.now()
    const versionId = deps.newId()
    // The content of the version that ends, under the new version's own cell: what is cancelled is said in the message.
    const sealed = sealVersion(key, versionId, content)
    const version = {
      intent: 'cancel',
      current,
      key,
      versionId,
      sealed,
      reason: reason.value,
      signedRole,
      claim,
      at: roundedNow(now),
      now,
    } as const
    return deps.database.forPharmacy(actor.pharmacyId, async (tx) =>
      ok(await storeVersion(deps, tx, { version, actor, request })),
    )
  }
}
