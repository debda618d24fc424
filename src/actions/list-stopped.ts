/** What has stopped in a pharmacy and waits for a person: in groups, and page by page with the names, which is a reading. */
import { appendEvent } from '../audit/append-event.ts'
import { anyStopped } from '../domain/stopped.ts'
import { listBatches } from '../storage/retry-batches.ts'
import { countStopped, listStopped, listVersionsOf } from '../storage/stopped.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import { openVersion } from './get-screening.ts'
import { batchView, safeDestinations } from './retry-many.ts'
import { keyRingOrUnavailable } from './store-screening.ts'
import type { StoppedItem } from './views.ts'

const pageLength = 50
const batchesMax = 10

export function listStoppedDeclarations(deps: ActionDeps): Actions['listStopped'] {
  return async (actor, { page: asked }, request) => {
    const action = 'declaration.list-stopped' as const
    await ensureMay(deps, actor, 'declaration.retry', request, { action })
    const { pharmacyId } = actor
    const filter = { ...anyStopped, pharmacyId }
    const safe = safeDestinations(deps, pharmacyId)
    const found = await deps.database.forPharmacy(pharmacyId, async (tx) => {
      const groups = await countStopped(tx, filter, { safe })
      const total = groups.reduce((sum, group) => sum + group.count, 0)
      const pages = Math.max(1, Math.ceil(total / pageLength))
      const page = Math.min(Math.max(1, asked), pages)
      const rows = await listStopped(tx, filter, { limit: pageLength, offset: (page - 1) * pageLength })
      const versions = await listVersionsOf(
        tx,
        rows.map((row) => row.versionId),
      )
      const details = { total, shown: rows.length }
      await appendEvent(tx, { at: deps.clock.now(), actor, action, outcome: 'done', request, details })
      return { groups, total, pages, page, rows, versions, batches: await listBatches(tx, batchesMax) }
    })
    const keys = await keyRingOrUnavailable(deps.keyRing.findRecordKeys(found.versions.map((row) => row.keyRef)))
    const labelOf = (id: string) => deps.findDestination(id)?.label ?? id
    const items = found.rows.flatMap((row): StoppedItem[] => {
      const version = found.versions.find((one) => one.versionId === row.versionId)
      const key = version && keys.get(version.keyRef)
      if (!version || !key) return [] // erased
      const { birthName, birthFirstName, birthDate } = openVersion(key, version).patient
      const { screeningId, id: declarationId, kind, state, code, location, stoppedAt } = row
      const doubtful = row.mayBeThere && !safe.includes(row.destination)
      const destinationLabel = labelOf(row.destination)
      return [
        {
          ...{ screeningId, declarationId, destinationLabel, kind, state, code, location, doubtful, stoppedAt },
          ...{ birthName, birthFirstName, birthDate },
        },
      ]
    })
    const groups = found.groups.map((group) => ({
      ...group,
      destinationLabel: labelOf(group.destination),
      assumedFormat: deps.findDestination(group.destination)?.format === 'sidep-oru',
      configured: deps.findDestination(group.destination) !== null,
    }))
    const { total, page, pages } = found
    return { groups, items, total, page, pages, batches: found.batches.map((batch) => batchView(deps, batch, actor)) }
  }
}
