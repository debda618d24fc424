/** A retry of many: counted before it is decided, chosen in one commit, approved by a second person where it is large, stopped at any time. */
import { type AuditAction, appendEvent } from '../audit/append-event.ts'
import { isId } from '../base/ids.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { deduplicationOf } from '../domain/destination-settings.ts'
import { GatewayError } from '../domain/errors.ts'
import { failureCodes } from '../domain/failure-codes.ts'
import { anyStopped, retryMax, retryPace, type StoppedFilter } from '../domain/stopped.ts'
import type { Tx } from '../storage/database.ts'
import { approveBatch, type BatchRow, countAlone, findBatch, insertBatch, stopBatch } from '../storage/retry-batches.ts'
import { countStopped } from '../storage/stopped.ts'
import type { Actions, RetryGroup } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import type { RetryBatchView } from './views.ts'

/** Destinations of the pharmacy at which a message sent twice counts once, by their promise or because they are asked first. */
export function safeDestinations(deps: Pick<ActionDeps, 'destinationsOf'>, pharmacyId: string): readonly string[] {
  return deps
    .destinationsOf(pharmacyId)
    .filter((destination) => deduplicationOf(destination) !== 'none')
    .map((destination) => destination.id)
}

/** Of these destinations those that the configuration has dropped: nothing is sent there, so nothing is sent again. */
function droppedOf(
  deps: Pick<ActionDeps, 'findDestination'>,
  groups: readonly { readonly destination: string }[],
): readonly string[] {
  return [...new Set(groups.map((one) => one.destination))].filter((id) => deps.findDestination(id) === null)
}

export function previewRetry(deps: ActionDeps): Actions['previewRetry'] {
  return async (actor, group, request) => {
    await ensureMay(deps, actor, 'declaration.retry', request, { action: 'retry-batch.request' })
    const safe = safeDestinations(deps, actor.pharmacyId)
    const { groups: all, aloneBefore } = await deps.database.forPharmacy(actor.pharmacyId, async (tx) => ({
      groups: await countStopped(tx, filterOf(actor, group), { safe }),
      aloneBefore: await countAlone(tx, { professionalId: actor.professionalId }),
    }))
    const gone = droppedOf(deps, all)
    const groups = all.filter((one) => !gone.includes(one.destination))
    const notConfigured = all.filter((one) => gone.includes(one.destination)).reduce((sum, one) => sum + one.count, 0)
    const count = groups.reduce((sum, one) => sum + one.count, 0)
    const doubtful = groups.reduce((sum, one) => sum + one.doubtful, 0)
    return {
      destinationLabel: labelOf(deps, group.destination),
      count: Math.min(count, retryMax),
      doubtful: Math.min(doubtful, retryMax),
      notConfigured,
      needsApproval: count + aloneBefore > deps.retryAloneMax,
      aloneBefore,
      aloneMax: deps.retryAloneMax,
      perSecond: retryPace.default,
    }
  }
}

export function retryMany(deps: ActionDeps): Actions['retryMany'] {
  return async (actor, { perSecond, includeDoubtful, ...group }, request) => {
    const action = 'retry-batch.request' as const
    await ensureMay(deps, actor, 'declaration.retry', request, { action })
    if (!(perSecond > 0 && perSecond <= retryPace.max)) throw new GatewayError('bad-request')
    const batch = await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
      const filter = filterOf(actor, group)
      const promises = { safe: safeDestinations(deps, actor.pharmacyId) }
      const notAt = droppedOf(deps, await countStopped(tx, filter, promises))
      const inserted = await insertBatch(tx, {
        id: deps.newId(),
        by: { professionalId: actor.professionalId },
        filter: { ...filter, notAt },
        perSecond,
        limit: retryMax,
        includeDoubtful,
        promises,
        aloneMax: deps.retryAloneMax,
      })
      if (!inserted) throw new GatewayError(notAt.length > 0 ? 'not-configured' : 'conflict')
      const { chosen, needsApproval, aloneBefore } = inserted
      const asked = { destination: group.destination ?? 'any', state: group.state ?? 'any', code: group.code ?? 'any' }
      await trace(deps, tx, {
        action,
        actor,
        request,
        batchId: inserted.id,
        details: { ...asked, chosen, aloneBefore, needsApproval, perSecond, includeDoubtful },
      })
      return inserted
    })
    return batchView(deps, batch, actor)
  }
}

export function findRetryBatch(deps: ActionDeps): Actions['findRetryBatch'] {
  return async (actor, batchId, request) => {
    await ensureMay(deps, actor, 'declaration.retry', request, { action: 'retry-batch.request' })
    return deps.database.forPharmacy(actor.pharmacyId, async (tx) => batchView(deps, await getBatch(tx, actor, batchId), actor))
  }
}

export function approveRetry(deps: ActionDeps): Actions['approveRetry'] {
  return (actor, batchId, request) =>
    change(deps, { action: 'retry-batch.approve', actor, batchId, request }, (tx) =>
      approveBatch(tx, batchId, { professionalId: actor.professionalId }),
    )
}

export function stopRetry(deps: ActionDeps): Actions['stopRetry'] {
  return (actor, batchId, request) =>
    change(deps, { action: 'retry-batch.stop', actor, batchId, request }, (tx) => stopBatch(tx, batchId))
}

type Change = {
  readonly action: AuditAction
  readonly actor: Professional
  readonly batchId: string
  readonly request: RequestContext
}

async function change(deps: ActionDeps, input: Change, make: (tx: Tx) => Promise<boolean>): Promise<void> {
  const { action, actor, batchId, request } = input
  await ensureMay(deps, actor, 'declaration.retry', request, { action })
  await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
    const { released, chosen } = await getBatch(tx, actor, batchId)
    if (!(await make(tx))) throw new GatewayError('conflict')
    await trace(deps, tx, { action, actor, request, batchId, details: { released, chosen } })
  })
}

async function getBatch(tx: Tx, actor: Professional, batchId: string): Promise<BatchRow> {
  const batch = isId(batchId) ? await findBatch(tx, batchId) : null
  if (batch?.pharmacyId !== actor.pharmacyId) throw new GatewayError('not-found')
  return batch
}

async function trace(
  deps: Pick<ActionDeps, 'clock'>,
  tx: Tx,
  event: Change & { readonly details: Readonly<Record<string, string | number | boolean>> },
): Promise<void> {
  const { batchId, ...told } = event
  await appendEvent(tx, { ...told, at: deps.clock.now(), outcome: 'done', object: { type: 'retry-batch', id: batchId } })
}

export function batchView(deps: Pick<ActionDeps, 'findDestination'>, batch: BatchRow, actor: Professional): RetryBatchView {
  const { id, stoppedState, code, state, requestedAt, endedAt, perSecond, chosen, released, skipped } = batch
  return {
    batchId: id,
    destinationLabel: labelOf(deps, batch.destination),
    mayApprove: state === 'waiting' && batch.requestedBy !== actor.professionalId,
    byOperator: batch.operator !== null,
    ...{ stoppedState, code, state, requestedAt, endedAt, perSecond, chosen, released, skipped },
  }
}

function labelOf(deps: Pick<ActionDeps, 'findDestination'>, id: string | null): string | null {
  return id === null ? null : (deps.findDestination(id)?.label ?? id)
}

function filterOf(actor: Professional, { destination, state, code }: RetryGroup): StoppedFilter {
  if (code !== null && !failureCodes.includes(code)) throw new GatewayError('bad-request')
  return { ...anyStopped, pharmacyId: actor.pharmacyId, destination, state, code }
}
