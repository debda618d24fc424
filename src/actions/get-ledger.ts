/** The ledger of a pharmacy: its last days or one month, with what the month was charged, or one day down to its items. No patient data is opened. */
import { appendEvent } from '../audit/append-event.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import { GatewayError } from '../domain/errors.ts'
import { addCounts, brokenRules, type LedgerLine } from '../domain/ledger.ts'
import { isParisDay, parisDay } from '../domain/paris-time.ts'
import { isParisMonth, parisMonth, parisMonthBounds, shiftMonth } from '../domain/tariff.ts'
import { sumCharges } from '../storage/charges.ts'
import type { Tx } from '../storage/database.ts'
import { listLedgerItems, readLedger } from '../storage/ledger.ts'
import { findFirstSigningDay } from '../storage/screenings.ts'
import type { Actions } from './actions.ts'
import type { ActionDeps } from './deps.ts'
import { ensureMay } from './ensure-may.ts'
import type { LedgerDayView, LedgerLineView } from './views.ts'

/** A month and a day: the statement of last month is still explained by what stands here. */
const daysShown = 32
const dayMs = 86_400_000
/** Peak pharmacies capture 300 a day (product.md), at a few destinations. */
const itemsMax = 500

const action = 'ledger.read' as const

type LedgerDeps = Pick<ActionDeps, 'database' | 'clock' | 'findDestination'>

export function getLedger(deps: LedgerDeps): Actions['getLedger'] {
  return async (actor, { month: asked }, request) => {
    await ensureMay(deps, actor, 'ledger.read', request, { action })
    const now = deps.clock.now()
    const currentMonth = parisMonth(now)
    if (asked !== null && !mayBeRead(asked, currentMonth)) throw new GatewayError('bad-request')
    const month = asked ?? currentMonth
    const bounds = parisMonthBounds(month)
    const { from, to } = asked === null ? lastDays(now) : { from: bounds.firstDay, to: earlier(bounds.lastDay, parisDay(now)) }
    const { pharmacyId } = actor
    const { firstDay, lastDay } = bounds
    const read = await deps.database.forPharmacy(pharmacyId, async (tx) => {
      const lines = await readLedger(tx, { pharmacyId, from, to })
      const details = { lines: lines.length, ...(asked !== null && { month }) }
      await trace(deps, tx, { actor, request, details })
      return {
        lines,
        charged: await sumCharges(tx, { pharmacyId, firstDay, lastDay }),
        firstDaySigned: await findFirstSigningDay(tx, pharmacyId),
      }
    })
    const byDay = [...Map.groupBy(read.lines, (line) => line.day)]
    const days = byDay.map(
      ([day, lines]): LedgerDayView => ({ day, ...totalOf(lines), lines: lines.map((line) => viewOf(deps, line)) }),
    )
    return {
      ...{ from, to, days, total: totalOf(read.lines), wholeMonth: asked !== null, month, currentMonth },
      previousMonth: read.firstDaySigned !== null && read.firstDaySigned < bounds.firstDay ? shiftMonth(month, -1) : null,
      nextMonth: month < currentMonth ? shiftMonth(month, 1) : null,
      charged: read.charged,
    }
  }
}

function mayBeRead(month: string, currentMonth: string): boolean {
  return isParisMonth(month) && month <= currentMonth
}

function lastDays(now: Date): { readonly from: string; readonly to: string } {
  return { from: parisDay(new Date(now.getTime() - (daysShown - 1) * dayMs)), to: parisDay(now) }
}

const earlier = (one: string, other: string) => (one < other ? one : other)

export function getLedgerDay(deps: LedgerDeps): Actions['getLedgerDay'] {
  return async (actor, day, request) => {
    await ensureMay(deps, actor, 'ledger.read', request, { action })
    ensureDay(day)
    const { pharmacyId } = actor
    const scope = { pharmacyId, from: day, to: day }
    const read = await deps.database.forPharmacy(pharmacyId, async (tx) => {
      const lines = await readLedger(tx, scope)
      const differing = await listLedgerItems(tx, scope, { differingOnly: true, limit: itemsMax })
      const open = await listLedgerItems(tx, scope, {
        states: ['queued', 'claimed', 'sent', 'parked', 'rejected'],
        differingOnly: false,
        limit: itemsMax,
      })
      await trace(deps, tx, { actor, request, details: { day, lines: lines.length } })
      return { lines, differing, open }
    })
    const labelled = ({ destination, ...item }: (typeof read.open)[number]) => ({
      ...item,
      destinationLabel: labelOf(deps, destination),
    })
    const month = day.slice(0, 7)
    const { counts, balanced } = totalOf(read.lines)
    return {
      day,
      month: mayBeRead(month, parisMonth(deps.clock.now())) ? month : null,
      counts,
      // Items are read from the rows, the sums of a closed day as they were written: what was changed since shows in the items alone.
      balanced: balanced && read.differing.length === 0,
      lines: read.lines.map((line) => viewOf(deps, line)),
      differing: read.differing.map(labelled),
      open: read.open.filter((item) => item.problem === null).map(labelled),
    }
  }
}

function totalOf(lines: readonly LedgerLine[]) {
  return { counts: addCounts(lines), balanced: lines.every((line) => brokenRules(line).length === 0) }
}

function viewOf(deps: LedgerDeps, line: LedgerLine): LedgerLineView {
  return { destinationLabel: labelOf(deps, line.destination), counts: line, broken: brokenRules(line) }
}

function labelOf(deps: LedgerDeps, destination: string): string {
  return deps.findDestination(destination)?.label ?? destination
}

function ensureDay(day: string): void {
  if (!isParisDay(day)) throw new GatewayError('not-found')
}

async function trace(
  deps: LedgerDeps,
  tx: Tx,
  given: { readonly actor: Professional; readonly request: RequestContext; readonly details: Record<string, string | number> },
): Promise<void> {
  await appendEvent(tx, { at: deps.clock.now(), action, outcome: 'done', ...given })
}
