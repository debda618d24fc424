/** A pharmacist signs a preparer's draft: its content as it reads now, and from here on it is forwarded. */
import { assert } from '../base/assert.ts'
import { ok } from '../base/result.ts'
import { parseCapture } from '../domain/capture-input.ts'
import { GatewayError } from '../domain/errors.ts'
import { insertDeclarations } from '../storage/declarations.ts'
import { signDraft } from '../storage/screenings.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { findReadableScreening } from './get-screening.ts'
import {
  answerAgain,
  claimOrReplay,
  idempotencyClaim,
  keyRingOrUnavailable,
  originalsFor,
  roundedNow,
  sealVersion,
  signingRole,
  traceCapture,
} from './store-screening.ts'

export function signScreening(deps: ActionDeps): Actions['signScreening'] {
  return async (actor, input, request) => {
    const { screeningId } = input
    await ensureMay(deps, actor, 'screening.sign', request, { action: 'screening.sign', screeningId })
    const signedRole = signingRole(actor.role)
    assert(signedRole, 'who passed the role check can sign')
    const now = deps.clock.now()
    const parsed = parseCapture(input.fields, { now, profile: deps.profile, findTestKit: deps.findTestKit })
    if (!parsed.ok) return parsed
    const claim = await idempotencyClaim(deps, actor, { verb: 'sign', ...input, also: [screeningId] })
    const draft = await findReadableScreening(deps, actor, screeningId, request, 'screening.sign')
    const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys([draft.keyRef]))
    const key = keys.get(draft.keyRef)
    if (!key) throw new GatewayError('not-found')
    const sealed = await sealVersion(deps, key, draft.versionId, parsed.value)
    const { pharmacyId } = actor

    return deps.database.forPharmacy(pharmacyId, async (tx) => {
      const { replayOf } = await claimOrReplay(tx, claim, screeningId, now)
      if (replayOf !== null) return ok(await answerAgain(tx, replayOf))
      const version = { pharmacyId, screeningId, versionId: draft.versionId, version: draft.version }
      const rows = originalsFor(deps, version)
      const signature = {
        versionId: draft.versionId,
        ...sealed,
        signedBy: actor.professionalId,
        signedRole,
        signedAt: roundedNow(now),
        declaredTo: rows.map((row) => row.destination),
      }
      const won = await signDraft(tx, signature)
      if (!won) throw new GatewayError('conflict')
      await insertDeclarations(tx, rows)
      await traceCapture(tx, { actor, request, at: now, screeningId, action: 'screening.sign', declarations: rows.length })
      return ok({ screeningId, status: 'signed' as const, replayed: false })
    })
  }
}
