/** What pages do with reconciliations: ask for one, read what it found, and take in hand what is settled in writing. */
import { appendEvent } from '../audit/append-event.ts'
import { addMs } from '../base/clock.ts'
import { isId } from '../base/ids.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { GatewayError } from '../domain/errors.ts'
import { isParisDay, parisDay } from '../domain/paris-time.ts'
import type { Proposal } from '../domain/reconciliation.ts'
import { roleMay } from '../domain/roles.ts'
import type { Tx } from '../storage/database.ts'
import {
  type DifferenceRow,
  findReconciliation,
  handleDifference,
  insertReconciliation,
  listDifferences,
  listReconciliations,
  type ReconciliationRow,
} from '../storage/reconciliations.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'

export type { DifferenceRow } from '../storage/reconciliations.ts'

export type ReconciliationView = ReconciliationRow & { readonly destinationLabel: string }
export type ReconciliationsView = {
  /** Those that serve the pharmacy; one that cannot be asked needs its own list. */
  readonly destinations: readonly { readonly id: string; readonly label: string; readonly canBeAsked: boolean }[]
  /** Yesterday, in Paris: the newest day that is over. */
  readonly newestDay: string
  readonly recent: readonly ReconciliationView[]
  readonly mayAsk: boolean
}
export type ReconciliationDetail = ReconciliationView & {
  readonly differences: readonly DifferenceRow[]
  readonly mayHandle: boolean
}
export type ReconciliationAsked = { readonly destination: string; readonly day: string; readonly list: string }
export type AskProblem = 'destination' | 'day' | 'list' | 'cannot-be-asked'

/** All throw `GatewayError`: `forbidden` (the role may not), `not-found` (not there, or another pharmacy's: the same answer). */
export type ReconciliationDesk = {
  list(actor: Professional, request: RequestContext): Promise<ReconciliationsView>
  ask(
    actor: Professional,
    asked: ReconciliationAsked,
    request: RequestContext,
  ): Promise<Result<{ readonly id: string }, AskProblem>>
  find(actor: Professional, id: string, request: RequestContext): Promise<ReconciliationDetail>
  /** A person has written to the destination. `conflict`: somebody was faster, or it is settled by another action. */
  handle(
    actor: Professional,
    ids: { readonly reconciliationId: string; readonly differenceId: string },
    request: RequestContext,
  ): Promise<void>
}

type DeskDeps = Pick<ActionDeps, 'database' | 'clock' | 'newId' | 'destinationsOf' | 'findDestination'>

const recentMax = 20
/** What one comparison keeps; past this many, something larger is wrong than a page can mend. */
export const differencesMax = 500
/** A pharmacy's day has 300 captures at most (product.md), at a few versions each. */
const listMax = 2_000
const dayMs = 86_400_000
/** What no other action of the product settles. */
const inWriting: readonly Proposal[] = ['ask-them', 'cancel-there']

export function bindReconciliationDesk(deps: DeskDeps): ReconciliationDesk {
  const labelOf = (id: string) => deps.findDestination(id)?.label ?? id
  const viewOf = (row: ReconciliationRow): ReconciliationView => ({ ...row, destinationLabel: labelOf(row.destination) })
  const newestDay = () => parisDay(addMs(deps.clock.now(), -dayMs))
  return {
    list: async (actor, request) => {
      await ensureMay(deps, actor, 'ledger.read', request, { action: 'reconciliation.read' })
      const { pharmacyId } = actor
      const recent = await deps.database.forPharmacy(pharmacyId, (tx) => listReconciliations(tx, pharmacyId, recentMax))
      return {
        destinations: deps
          .destinationsOf(pharmacyId)
          .map(({ id, label, lookUp }) => ({ id, label, canBeAsked: lookUp !== undefined })),
        newestDay: newestDay(),
        recent: recent.map(viewOf),
        mayAsk: roleMay(actor.role, 'ledger.reconcile'),
      }
    },
    ask: async (actor, asked, request) => {
      await ensureMay(deps, actor, 'ledger.reconcile', request, { action: 'reconciliation.request' })
      const read = readAsked(deps, actor, asked, newestDay())
      if (!read.ok) return read
      const { destination, day, theirList } = read.value
      const { pharmacyId, professionalId } = actor
      return deps.database.forPharmacy(pharmacyId, async (tx) => {
        const row = { id: deps.newId(), pharmacyId, destination, day, requestedBy: professionalId, theirList }
        const id = await insertReconciliation(tx, row)
        await trace(deps, tx, 'reconciliation.request', {
          ...{ actor, request, id },
          details: { destination, day, listed: theirList?.length ?? 0 },
        })
        return ok({ id })
      })
    },
    find: async (actor, id, request) => {
      await ensureMay(deps, actor, 'ledger.read', request, { action: 'reconciliation.read' })
      return deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
        const found = await getReconciliation(tx, id)
        const differences = await listDifferences(tx, id, differencesMax)
        await trace(deps, tx, 'reconciliation.read', { actor, request, id, details: { shown: differences.length } })
        return { ...viewOf(found), differences, mayHandle: roleMay(actor.role, 'ledger.reconcile') }
      })
    },
    handle: async (actor, { reconciliationId, differenceId }, request) => {
      await ensureMay(deps, actor, 'ledger.reconcile', request, { action: 'reconciliation.handle' })
      await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
        await getReconciliation(tx, reconciliationId)
        if (!isId(differenceId)) throw new GatewayError('not-found')
        const by = actor.professionalId
        const handled = await handleDifference(tx, { reconciliationId, differenceId, by, proposals: inWriting })
        if (!handled) throw new GatewayError('conflict')
        await trace(deps, tx, 'reconciliation.handle', { actor, request, id: reconciliationId, details: { ...handled } })
      })
    },
  }
}

function readAsked(
  deps: Pick<DeskDeps, 'destinationsOf'>,
  { pharmacyId }: Professional,
  { destination, day, list }: ReconciliationAsked,
  newestDay: string,
): Result<{ destination: string; day: string; theirList: readonly string[] | null }, AskProblem> {
  const settings = deps.destinationsOf(pharmacyId).find(({ id }) => id === destination)
  if (!settings) return fail('destination')
  // A day that is not over may still be filling at both ends.
  if (!isParisDay(day) || day > newestDay) return fail('day')
  const ids = list.split(/[\s,;]+/).filter((id) => id !== '')
  if (ids.length > listMax || ids.some((id) => !/^[A-Z0-9]{8,20}$/.test(id))) return fail('list')
  if (ids.length === 0 && settings.lookUp === undefined) return fail('cannot-be-asked')
  return ok({ destination, day, theirList: ids.length === 0 ? null : [...new Set(ids)] })
}

async function getReconciliation(tx: Tx, id: string): Promise<ReconciliationRow> {
  const found = isId(id) ? await findReconciliation(tx, id) : null
  if (!found) throw new GatewayError('not-found')
  return found
}

async function trace(
  deps: Pick<DeskDeps, 'clock'>,
  tx: Tx,
  action: 'reconciliation.request' | 'reconciliation.read' | 'reconciliation.handle',
  {
    id,
    ...given
  }: {
    readonly actor: Professional
    readonly request: RequestContext
    readonly id: string
    readonly details: Record<string, string | number>
  },
): Promise<void> {
  const object = { type: 'reconciliation' as const, id }
  await appendEvent(tx, { at: deps.clock.now(), action, outcome: 'done', object, ...given })
}
