/** A ledger of two days and two destinations: one day balances, the other lacks a charge. October is full, and was the first month. */
import type { LedgerDayDetail, LedgerDayView, LedgerLineView, LedgerView } from '../../src/actions/views.ts'
import { GatewayError } from '../../src/domain/errors.ts'
import { addCounts, brokenRules, type LedgerCounts, noCounts } from '../../src/domain/ledger.ts'
import { isParisMonth, parisMonthBounds, shiftMonth } from '../../src/domain/tariff.ts'

const settled = (count: number): LedgerCounts => ({
  ...noCounts,
  captured: count,
  accepted: count,
  receipts: count,
  firstAccepted: count,
  firstReceipts: count,
})
const national: LedgerCounts = {
  ...settled(214),
  captured: 221,
  queued: 3,
  parked: 2,
  rejected: 1,
  cancelled: 1,
  billed: 214,
  charged: 214,
}

function lineOf(destinationLabel: string, counts: LedgerCounts): LedgerLineView {
  return { destinationLabel, counts, broken: brokenRules(counts) }
}

function dayOf(day: string, lines: readonly LedgerLineView[]): LedgerDayView {
  return {
    day,
    lines,
    counts: addCounts(lines.map((line) => line.counts)),
    balanced: lines.every((line) => line.broken.length === 0),
  }
}

const firstMonth = '2026-10'
const chargedIn: Record<string, LedgerView['charged']> = {
  '2026-11': { charges: 4_811, credits: 2, cents: 480_900 },
  '2026-10': { charges: 6_634, credits: 0, cents: 663_400 },
}

/** All of October, nothing before. */
function daysOf(month: string, november: readonly LedgerDayView[]): readonly LedgerDayView[] {
  if (month === '2026-11') return november
  if (month !== firstMonth) return []
  return Array.from({ length: 31 }, (_, index) =>
    dayOf(`2026-10-${String(31 - index).padStart(2, '0')}`, [lineOf('Fichier national', national)]),
  )
}

export function sampleLedger(idOf: (number: number) => string): {
  ledgerOf: (month: string | null) => LedgerView
  dayNamed: (day: string) => LedgerDayDetail
} {
  const health = lineOf('Dossier médical partagé', settled(214))
  const today = dayOf('2026-11-23', [lineOf('Fichier national', national), health])
  const wrong = dayOf('2026-11-20', [
    lineOf('Fichier national', { ...settled(198), billed: 198, charged: 197, differing: 1 }),
    health,
  ])
  const days = [today, wrong]
  const item = { declarationId: idOf(71), destinationLabel: 'Fichier national', kind: 'original' as const }
  return {
    ledgerOf: (asked) => {
      const month = asked ?? '2026-11'
      if (!isParisMonth(month) || month > '2026-11') throw new GatewayError('bad-request')
      const shown = asked === null ? days : daysOf(month, days)
      const { firstDay, lastDay } = parisMonthBounds(month)
      return {
        ...(asked === null ? { from: '2026-10-23', to: '2026-11-23' } : { from: firstDay, to: lastDay }),
        days: shown,
        total: { counts: addCounts(shown.map((day) => day.counts)), balanced: shown.every((day) => day.balanced) },
        wholeMonth: asked !== null,
        ...{ month, currentMonth: '2026-11' },
        previousMonth: month > firstMonth ? shiftMonth(month, -1) : null,
        nextMonth: month < '2026-11' ? shiftMonth(month, 1) : null,
        charged: chargedIn[month] ?? { charges: 0, credits: 0, cents: 0 },
      }
    },
    dayNamed: (name) => {
      const day = days.find((one) => one.day === name)
      if (!day) return { day: name, month: null, lines: [], counts: noCounts, balanced: true, differing: [], open: [] }
      return {
        ...day,
        month: name.slice(0, 7),
        differing: day.balanced ? [] : [{ ...item, screeningId: idOf(1), state: 'accepted', problem: 'charge-missing' }],
        open: day.balanced
          ? [
              { ...item, screeningId: idOf(2), state: 'queued', problem: null },
              { ...item, screeningId: idOf(3), state: 'parked', problem: null },
            ]
          : [],
      }
    },
  }
}
