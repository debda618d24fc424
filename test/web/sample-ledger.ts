/** A ledger of two days and two destinations: one day balances, the other lacks a charge. */
import type { LedgerDayDetail, LedgerDayView, LedgerLineView, LedgerView } from '../../src/actions/views.ts'
import { addCounts, brokenRules, type LedgerCounts, noCounts } from '../../src/domain/ledger.ts'

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

export function sampleLedger(idOf: (number: number) => string): {
  ledger: LedgerView
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
    ledger: {
      from: '2026-10-23',
      to: '2026-11-23',
      days,
      total: { counts: addCounts(days.map((day) => day.counts)), balanced: false },
      month: '2026-11',
      charged: { charges: 4_811, credits: 2, cents: 480_900 },
    },
    dayNamed: (name) => {
      const day = days.find((one) => one.day === name)
      if (!day) return { day: name, lines: [], counts: noCounts, balanced: true, differing: [], open: [] }
      return {
        ...day,
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
