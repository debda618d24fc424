/** The ledger: what a pharmacy captured on one day for one destination, what became of it, and whether the sums agree. */

/** Counts of declarations of all kinds, but where `first` says that only originals are meant. */
export type LedgerCounts = {
  readonly captured: number
  readonly queued: number
  /** Claimed, or sent and not answered yet. */
  readonly inFlight: number
  readonly accepted: number
  /** Marked by a person who found it at the destination: no receipt, and never billed. */
  readonly received: number
  readonly rejected: number
  readonly parked: number
  readonly cancelled: number
  readonly receipts: number
  readonly firstAccepted: number
  readonly firstReceipts: number
  /** First sendings whose receipt was owed a charge when it came, once a screening: the one that was charged, or is missed. */
  readonly billed: number
  readonly charged: number
  /** Items that differ one by one, even where the sums agree. */
  readonly differing: number
}

export type LedgerLine = LedgerCounts & {
  readonly pharmacyId: string
  /** Paris day on which it was signed. */
  readonly day: string
  readonly destination: string
}

/** The equalities that must hold in every line at every instant. */
export const ledgerRules = ['states', 'receipts', 'first-sendings', 'charges', 'items'] as const
export type LedgerRule = (typeof ledgerRules)[number]

/** What is wrong with one declaration (or with one that is not there). */
export const ledgerProblems = [
  'not-declared',
  'declared-beside',
  'receipt-missing',
  'receipt-beside',
  'charge-missing',
  'charge-beside',
  'credit-beside',
] as const
export type LedgerProblem = (typeof ledgerProblems)[number]

/** The equalities that this line breaks; none where it balances. */
export function brokenRules(counts: LedgerCounts): readonly LedgerRule[] {
  const { captured, queued, inFlight, accepted, received, rejected, parked, cancelled } = counts
  const holds: Record<LedgerRule, boolean> = {
    states: captured === queued + inFlight + accepted + received + rejected + parked + cancelled,
    receipts: accepted === counts.receipts,
    'first-sendings': counts.firstAccepted === counts.firstReceipts,
    charges: counts.billed === counts.charged,
    items: counts.differing === 0,
  }
  return ledgerRules.filter((rule) => !holds[rule])
}

export const noCounts: LedgerCounts = {
  captured: 0,
  queued: 0,
  inFlight: 0,
  accepted: 0,
  received: 0,
  rejected: 0,
  parked: 0,
  cancelled: 0,
  receipts: 0,
  firstAccepted: 0,
  firstReceipts: 0,
  billed: 0,
  charged: 0,
  differing: 0,
}

/** The sum of several lines: what a day holds over its destinations, or a month over its days. */
export function addCounts(lines: readonly LedgerCounts[]): LedgerCounts {
  const sum: Record<keyof LedgerCounts, number> = { ...noCounts }
  for (const line of lines) for (const name of Object.keys(noCounts) as (keyof LedgerCounts)[]) sum[name] += line[name]
  return sum
}
