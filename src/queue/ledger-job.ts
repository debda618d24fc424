/** The periodic job of the ledger: closes the days that have ended, checks that all balances, and raises the alarm where not. */
import type { Clock } from '../base/clock.ts'
import { addMs } from '../base/clock.ts'
import { parisDay } from '../domain/paris-time.ts'
import { checkLedger, type LedgerDifference, listLedgerPharmacies } from '../storage/check-ledger.ts'
import type { Database } from '../storage/database.ts'
import { closeLedgerDays } from '../storage/ledger.ts'
import type { PeriodicJob } from './periodic.ts'

export type LedgerJobDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly clock: Clock
  /**
   * After each check: how many lines differ, for the metric; null where it was cut short before it found any. True for `freshForMs`:
   * another replica may check from then on.
   */
  readonly onChecked: (checked: {
    readonly lines: number
    readonly differences: number | null
    readonly freshForMs: number
  }) => void
  readonly onDifference: (difference: LedgerDifference) => void
}

const everyMs = 600_000
const timeoutMs = 300_000
/** A day is closed three hours after it has ended in Paris: what was signed at its last minute has long been committed. */
const closeAfterMs = 3 * 3_600_000
const dayMs = 86_400_000
/** Older days too, from the oldest on which something moved within as many: parked for months, sent again, it is checked as long as what is new. */
const daysChecked = 62
const closesMax = 100
/** What is wrong in a thousand lines is said in the first of them. */
const differencesToldMax = 20

export function createLedgerJob(deps: LedgerJobDeps): PeriodicJob {
  const { database, clock } = deps
  return {
    name: 'ledger',
    everyMs,
    timeoutMs,
    run: async (signal) => {
      const pharmacies = await database.forWorker((tx) => listLedgerPharmacies(tx))
      const through = parisDay(addMs(clock.now(), -closeAfterMs - dayMs))
      let closes = 0
      for (const { id: pharmacyId } of pharmacies)
        for (let turn = 0; turn < closesMax && !signal.aborted; turn++) {
          const { closed, more } = await database.forWorker((tx) => closeLedgerDays(tx, { pharmacyId, through }))
          closes += closed ? 1 : 0
          if (!more) break
        }
      const from = parisDay(addMs(clock.now(), -daysChecked * dayMs))
      const to = parisDay(addMs(clock.now(), dayMs))
      const pharmacyIds = pharmacies.map((pharmacy) => pharmacy.id)
      const { lines, differences } = await checkLedger(database, { pharmacyIds, from, to, movedSince: from, signal })
      // What was not looked at to its end must not look balanced, nor keep the look of the check before.
      const found = signal.aborted && differences.length === 0 ? null : differences.length
      deps.onChecked({ lines, differences: found, freshForMs: 2 * everyMs })
      for (const difference of differences.slice(0, differencesToldMax)) deps.onDifference(difference)
      return { closes, differences: differences.length }
    },
  }
}
