/** Opens one screening for its pharmacy, and records that it was read. */
import { type AuditAction, appendEvent } from '../audit/append-event.ts'
import { isId } from '../base/ids.ts'
import { openColumn } from '../crypto/envelope.ts'
import type { RecordKey } from '../crypto/sealed.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { GatewayError } from '../domain/errors.ts'
import type { Patient } from '../domain/patient.ts'
import type { Act } from '../domain/screening.ts'
import { type DeclarationWithReceipt, listDeclarationsOf } from '../storage/declarations.ts'
import { findCurrentScreening, type NamedScreeningRow, type ScreeningRow } from '../storage/screenings.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay, recordRefusal } from './ensure-may.ts'
import { keyRingOrUnavailable } from './store-screening.ts'
import type { DeclarationView } from './views.ts'

/** Versions × destinations of one screening; far above what a person corrects. */
const declarationsMax = 200

export function getScreening(deps: ActionDeps): Actions['getScreening'] {
  return async (actor, screeningId, request) => {
    await ensureMay(deps, actor, 'screening.read', request, {
      action: 'screening.read',
      screeningId: isId(screeningId) ? screeningId : null,
    })
    const row = await findReadableScreening(deps, actor, screeningId, request, 'screening.read')
    const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys([row.keyRef]))
    const key = keys.get(row.keyRef)
    // An erased record has no key any more: to everyone it is not there.
    if (!key) throw new GatewayError('not-found')
    const content = openVersion(key, row)
    const found = await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
      await appendEvent(tx, {
        at: deps.clock.now(),
        actor,
        action: 'screening.read',
        outcome: 'done',
        object: { type: 'screening', id: screeningId },
        request,
      })
      return listDeclarationsOf(tx, screeningId, declarationsMax)
    })
    const { version, status, capturedAt, signedAt, draftedByName, signedByName } = row
    const declarations = found.map((entry) => declarationView(deps, entry))
    return {
      screeningId,
      version,
      status,
      ...content,
      capturedAt,
      signedAt,
      draftedBy: draftedByName,
      signedBy: signedByName,
      declarations,
    }
  }
}

/** The current version's row; where this pharmacy has none the attempt is recorded and `not-found` thrown. */
export async function findReadableScreening(
  deps: Pick<ActionDeps, 'database' | 'clock'>,
  actor: Professional,
  screeningId: string,
  request: RequestContext,
  action: AuditAction,
): Promise<NamedScreeningRow> {
  const row = isId(screeningId)
    ? await deps.database.forPharmacy(actor.pharmacyId, (tx) => findCurrentScreening(tx, screeningId))
    : null
  // Checked again beside row-level security: two walls, either of which holds alone.
  if (row?.pharmacyId === actor.pharmacyId) return row
  await recordRefusal(deps, actor, request, { action, screeningId: isId(screeningId) ? screeningId : null, code: 'not-found' })
  throw new GatewayError('not-found')
}

export function openVersion(key: RecordKey, row: ScreeningRow): { patient: Patient; act: Act } {
  const cell = (column: string) => ({ pharmacyId: row.pharmacyId, table: 'screenings', column, rowId: row.versionId })
  return { patient: openColumn(key, cell('patient'), row.patient), act: openColumn(key, cell('act'), row.act) }
}

function declarationView(
  deps: Pick<ActionDeps, 'findDestination'>,
  { declaration, receipt }: DeclarationWithReceipt,
): DeclarationView {
  const settings = deps.findDestination(declaration.destination)
  const { id, version, kind, state, code, location, controlId, attemptCount, dueAt, createdAt, settledAt } = declaration
  return {
    declarationId: id,
    destinationId: declaration.destination,
    destinationLabel: settings?.label ?? declaration.destination,
    assumedFormat: settings?.format === 'sidep-oru',
    configured: settings !== null,
    ...{ version, kind, state, code, location, controlId, attemptCount, dueAt, createdAt, settledAt },
    receipt: receipt && { reference: receipt.reference, receivedAt: receipt.receivedAt },
  }
}
