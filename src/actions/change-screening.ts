/** The way of every change to a signed screening: may they, was it done before, what is in force, what takes its place. */
import { assert } from '../base/assert.ts'
import { isId } from '../base/ids.ts'
import { ok, type Result } from '../base/result.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import type { CaptureInput, FieldProblem } from '../domain/capture-fields.ts'
import { GatewayError } from '../domain/errors.ts'
import type { Patient } from '../domain/patient.ts'
import { parseReason } from '../domain/reason.ts'
import type { Act } from '../domain/screening.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { openCurrent } from './open-current.ts'
import { findReplay, idempotencyClaim, roundedNow, sealVersion, signingRole } from './store-screening.ts'
import { storeVersion } from './store-version.ts'
import type { Corrected, CorrectionProblem } from './views.ts'

type Content = { readonly patient: Patient; readonly act: Act }

export type Change = {
  readonly intent: 'correct' | 'cancel'
  readonly screeningId: string
  /** The version that the person read: another one in force is a conflict. */
  readonly basedOn: number
  readonly fields: CaptureInput
  readonly reason: string
  readonly idempotencyKey: string
  /** What the new version says, from what the one in force said. */
  contentFrom(before: Content, now: Date): Result<Content, readonly FieldProblem[]>
}

export async function changeScreening(
  deps: ActionDeps,
  actor: Professional,
  change: Change,
  request: RequestContext,
): Promise<Result<Corrected, CorrectionProblem>> {
  const { intent, screeningId, basedOn, fields, idempotencyKey } = change
  const action = intent === 'cancel' ? 'screening.cancel' : 'screening.correct'
  await ensureMay(deps, actor, 'screening.correct', request, { action, screeningId: isId(screeningId) ? screeningId : null })
  const also = [screeningId, String(basedOn), change.reason]
  const claim = await idempotencyClaim(deps, actor, { verb: intent, fields, idempotencyKey, also })
  // First: what was done before is done, whatever has become of the screening since.
  const replayOf = await findReplay(deps, claim)
  if (replayOf !== null) return ok({ screeningId: replayOf, replayed: true })
  const opened = await openCurrent(deps, actor, { screeningId, version: basedOn, action }, request).catch(
    async (cause: unknown) => {
      // Sent again while its first sending was under way: what changed the version meanwhile may be this very request.
      const changed = cause instanceof GatewayError && cause.code === 'conflict'
      if (changed && (await findReplay(deps, claim)) !== null) return null
      throw cause
    },
  )
  if (opened === null) return ok({ screeningId, replayed: true })
  const { current, key, content } = opened
  const signedRole = signingRole(actor.role)
  assert(signedRole, 'who may correct or cancel can sign')
  const now = deps.clock.now()
  const next = change.contentFrom(content, now)
  const reason = parseReason(change.reason)
  if (!next.ok || !reason.ok) {
    return { ok: false, problem: { fields: next.ok ? [] : next.problem, reason: reason.ok ? null : reason.problem } }
  }
  const versionId = deps.newId()
  const sealed = await sealVersion(deps, key, versionId, next.value)
  const stored = { intent, current, key, versionId, sealed, reason: reason.value, signedRole, claim, at: roundedNow(now), now }
  return deps.database.forPharmacy(actor.pharmacyId, async (tx) =>
    ok(await storeVersion(deps, tx, { version: stored, actor, request })),
  )
}
