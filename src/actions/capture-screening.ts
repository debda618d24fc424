/** Captures a screening: checked, sealed and stored with its declarations in one commit; a preparer's waits as a draft. */
import { ok } from '../base/result.ts'
import { parseCapture } from '../domain/capture-input.ts'
import { insertDeclarations } from '../storage/declarations.ts'
import { insertScreening } from '../storage/screenings.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
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

export function captureScreening(deps: ActionDeps): Actions['captureScreening'] {
  return async (actor, input, request) => {
    await ensureMay(deps, actor, 'screening.draft', request, { action: 'screening.capture' })
    const now = deps.clock.now()
    const parsed = parseCapture(input.fields, { now, profile: deps.profile, findTestKit: deps.findTestKit })
    if (!parsed.ok) return parsed
    const claim = await idempotencyClaim(deps, actor, { verb: 'capture', ...input })
    const key = await keyRingOrUnavailable(deps.keyRing.takeRecordKey(actor.pharmacyId))
    const screeningId = deps.newId()
    const versionId = deps.newId()
    const sealed = await sealVersion(deps, key, versionId, parsed.value)
    const signedRole = signingRole(actor.role)
    const signs = signedRole !== null
    const at = roundedNow(now)
    const { pharmacyId } = actor

    return deps.database.forPharmacy(pharmacyId, async (tx) => {
      const { replayOf } = await claimOrReplay(tx, claim, screeningId, now)
      if (replayOf !== null) return ok(await answerAgain(tx, replayOf))
      const rows = signs ? originalsFor(deps, { pharmacyId, screeningId, versionId, version: 1 }) : []
      await insertScreening(tx, {
        ...sealed,
        versionId,
        screeningId,
        pharmacyId,
        version: 1,
        status: signs ? 'signed' : 'draft',
        keyRef: key.ref,
        draftedBy: actor.professionalId,
        signedBy: signs ? actor.professionalId : null,
        signedRole,
        capturedAt: at,
        signedAt: signs ? at : null,
        declaredTo: signs ? rows.map((row) => row.destination) : null,
      })
      await insertDeclarations(tx, rows)
      await traceCapture(tx, {
        actor,
        request,
        at: now,
        screeningId,
        action: signs ? 'screening.capture' : 'screening.draft',
        declarations: rows.length,
      })
      // If we die before the commit that follows, nothing of this capture exists; after it, all of it does.
      return ok({ screeningId, status: signs ? ('signed' as const) : ('draft' as const), replayed: false })
    })
  }
}
