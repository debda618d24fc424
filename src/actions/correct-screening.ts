/** Corrects a signed screening: a new version with a reason, declared in the way that each destination needs. */
import { assert } from '../base/assert.ts'
import { isId } from '../base/ids.ts'
import { ok } from '../base/result.ts'
import { parseCapture } from '../domain/capture-input.ts'
import type { Act } from '../domain/screening.ts'
import type { TestKit } from '../domain/test-kit.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { openCurrent } from './open-current.ts'
import { findReplay, idempotencyClaim, roundedNow, sealVersion, signingRole } from './store-screening.ts'
import { parseReason, storeVersion } from './store-version.ts'

export function correctScreening(deps: ActionDeps): Actions['correctScreening'] {
  return async (actor, input, request) => {
    const { screeningId, version: basedOn } = input
    await ensureMay(deps, actor, 'screening.correct', request, {
      action: 'screening.correct',
      screeningId: isId(screeningId) ? screeningId : null,
    })
    const claim = await idempotencyClaim(deps, actor, {
      verb: 'correct',
      fields: input.fields,
      idempotencyKey: input.idempotencyKey,
      also: [screeningId, String(basedOn), input.reason],
    })
    // First: what was done before is done, whatever has become of the screening since.
    const replayOf = await findReplay(deps, claim)
    if (replayOf !== null) return ok({ screeningId: replayOf, replayed: true })
    const { current, key, content } = await openCurrent(
      deps,
      actor,
      { screeningId, version: basedOn, action: 'screening.correct' },
      request,
    )
    const signedRole = signingRole(actor.role)
    assert(signedRole, 'who may correct can sign')
    const now = deps.clock.now()
    const parsed = parseCapture(input.fields, {
      now,
      profile: deps.profile,
      // What was used stays used, though the catalogue has dropped it since.
      findTestKit: (id) => deps.findTestKit(id) ?? (id === content.act.testKit.id ? kitOf(content.act) : null),
      corrects: content.act,
    })
    const reason = parseReason(input.reason)
    if (!parsed.ok || !reason.ok) {
      return { ok: false, problem: { fields: parsed.ok ? [] : parsed.problem, reason: reason.ok ? null : reason.problem } }
    }
    const versionId = deps.newId()
    const sealed = sealVersion(key, versionId, parsed.value)
    const version = {
      intent: 'correct',
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

/** A kit as the act tells of it: it read what was reported. */
function kitOf({ testKit, results: [first, ...others] }: Act): TestKit {
  const { id, maker, name, udi } = testKit
  return { id, maker, name, udi, analytes: [first.analyte, ...others.map((one) => one.analyte)] }
}
