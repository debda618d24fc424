/** Every version of a screening, opened side by side: what was said, by whom, when and why it changed. */
import { appendEvent } from '../audit/append-event.ts'
import { openColumn } from '../crypto/envelope.ts'
import { GatewayError } from '../domain/errors.ts'
import { listVersions as listRows } from '../storage/screenings.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { findReadableScreening, openVersion } from './get-screening.ts'
import { keyRingOrUnavailable } from './store-screening.ts'

/** Nobody corrects one test this often; of more, the newest are shown. */
const versionsMax = 50

export function listVersions(deps: ActionDeps): Actions['listVersions'] {
  return async (actor, screeningId, request) => {
    await ensureMay(deps, actor, 'screening.read', request, { action: 'screening.read' })
    const current = await findReadableScreening(deps, actor, screeningId, request, 'screening.read')
    const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys([current.keyRef]))
    const rows = await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
      const object = { type: 'screening' as const, id: screeningId }
      const found = await listRows(tx, screeningId, versionsMax)
      await appendEvent(tx, {
        at: deps.clock.now(),
        actor,
        action: 'screening.read',
        outcome: 'done',
        object,
        request,
        details: { versions: found.length },
      })
      return found
    })
    return rows.map((row) => {
      const key = keys.get(row.keyRef)
      if (!key) throw new GatewayError('not-found')
      const cell = { pharmacyId: row.pharmacyId, table: 'screenings', column: 'reason', rowId: row.versionId }
      return {
        version: row.version,
        status: row.status,
        ...openVersion(key, row),
        reason: row.reason === null ? null : openColumn(key, cell, row.reason),
        signedAt: row.signedAt,
        signedBy: row.signedByName,
      }
    })
  }
}
