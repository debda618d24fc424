/** The one commit of a correction or a cancellation: new version, old one out of force, declarations moved, trace, key. */
import { appendEvent } from '../audit/append-event.ts'
import { sealColumn } from '../crypto/envelope.ts'
import type { RecordKey } from '../crypto/sealed.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { GatewayError } from '../domain/errors.ts'
import type { Tx } from '../storage/database.ts'
import { cancelUnsent, insertDeclarations, lockEarlierOf } from '../storage/declarations.ts'
import type { NamedScreeningRow, NewScreeningRow } from '../storage/screenings.ts'
import { insertScreening, supersede } from '../storage/screenings.ts'
import type { ActionDeps } from './deps.ts'
import { planVersion } from './plan-version.ts'
import { claimOrReplay, declarationFor, type IdempotencyClaim, type SealedVersion } from './store-screening.ts'
import type { Corrected } from './views.ts'

export type NewVersion = {
  readonly intent: 'correct' | 'cancel'
  readonly current: NamedScreeningRow
  readonly key: RecordKey
  readonly versionId: string
  readonly sealed: SealedVersion
  readonly reason: string
  readonly signedRole: NonNullable<NewScreeningRow['signedRole']>
  readonly claim: IdempotencyClaim
  /** Rounded: what the row may tell. */
  readonly at: Date
  readonly now: Date
}

export async function storeVersion(
  deps: ActionDeps,
  tx: Tx,
  input: { readonly version: NewVersion; readonly actor: Professional; readonly request: RequestContext },
): Promise<Corrected> {
  const { version, actor, request } = input
  const { current, intent, versionId, key } = version
  const { screeningId, pharmacyId } = current
  const { replayOf } = await claimOrReplay(tx, version.claim, screeningId, version.now)
  if (replayOf !== null) return { screeningId: replayOf, replayed: true }
  // Locked before anything is decided: a worker either claimed a row before this line, and it is under way, or cannot until we end.
  const earlier = await lockEarlierOf(tx, screeningId)
  if (!(await supersede(tx, current.versionId))) throw new GatewayError('conflict')
  const number = current.version + 1
  const named = { pharmacyId, screeningId, versionId, version: number }
  const steps = planVersion(deps, { pharmacyId, intent, earlier })
  const rows = steps.flatMap(({ destinationId, declare }) =>
    declare ? [declarationFor(deps, destinationId, { ...named, ...declare })] : [],
  )
  const cell = { pharmacyId, table: 'screenings', column: 'reason', rowId: versionId }
  await insertScreening(tx, {
    ...version.sealed,
    versionId,
    screeningId,
    pharmacyId,
    version: number,
    status: intent === 'cancel' ? 'cancelled' : 'signed',
    keyRef: current.keyRef,
    reason: sealColumn(key, cell, version.reason),
    draftedBy: actor.professionalId,
    signedBy: actor.professionalId,
    signedRole: version.signedRole,
    capturedAt: current.capturedAt,
    signedAt: version.at,
    declaredTo: rows.map((row) => row.destination),
  })
  const cancelled = await cancelUnsent(
    tx,
    steps.flatMap((step) => step.cancel),
  )
  await insertDeclarations(tx, rows)
  await appendEvent(tx, {
    at: version.now,
    actor,
    action: intent === 'cancel' ? 'screening.cancel' : 'screening.correct',
    outcome: 'done',
    object: { type: 'screening', id: screeningId },
    request,
    details: { version: number, declarations: rows.length, cancelled },
  })
  // If we die before the commit that follows, the old version stands; after it, the new one does, and its declarations wait.
  return { screeningId, replayed: false }
}
