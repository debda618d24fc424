/** What a fault run has done and found so far, and how it says so. */
import type { Verdict } from './checker.ts'
import { describeMoney, emptyLedgerFindings, type LedgerFindings } from './ledger-checker.ts'
import type { Step } from './plan.ts'
import type { Blow } from './strike.ts'

const evidenceMax = 50

export type Total = {
  kills: number
  /** Set where the time was over before the kills were done: what was captured is accounted for all the same. */
  late: string | null
  captures: number
  requests: number
  /** Processes killed, or else times that it was done. */
  readonly byKind: Map<string, number>
  /** What was aimed at a moment: how often it was struck at, of how often it was waited for. */
  readonly aimed: Map<string, { hit: number; of: number }>
  /** What the queue did with its rows, as its own trace says: the states that the blows met. */
  met: ReadonlyMap<string, number>
  readonly statuses: Map<number, number>
  readonly counts: Record<keyof Verdict['counts'], number>
  readonly lost: string[]
  readonly doubled: string[]
  readonly misordered: string[]
  readonly odd: string[]
  readonly money: LedgerFindings
}

export function report(total: Total, { failed, seconds }: { failed: unknown; seconds: number }): void {
  const { counts, byKind, captures, requests } = total
  for (const [name, list] of Object.entries({
    lost: total.lost,
    doubled: total.doubled,
    misordered: total.misordered,
    odd: total.odd,
    money: total.money.wrong,
  }))
    for (const line of list.slice(0, evidenceMax)) console.log(`${name}: ${line}`)
  if (failed !== null) console.error(failed)
  const statuses = [...total.statuses].map(([status, times]) => `${status === 0 ? 'cut off' : status}: ${times}`).join(', ')
  console.log(describeMoney(total.money))
  console.log(`aimed, hit: ${listOf(total.aimed, ({ hit, of }) => `${hit} of ${of}`)}`)
  console.log(`the queue: ${listOf(total.met, String)}`)
  console.log(`did: ${listOf(byKind, String)}`)
  console.log(
    `in ${Math.round(seconds)} s: ${captures} screenings told in ${requests} requests (${statuses}); of ${counts.declared} declarations ` +
      `accepted ${counts.accepted}, parked ${counts.parked}, held back behind a parked one ${counts.held}, ` +
      `cancelled before they left ${counts.cancelled}, refused ${counts.rejected}`,
  )
}

const listOf = <Value>(map: ReadonlyMap<string, Value>, say: (value: Value) => string) =>
  [...map]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${say(value)}`)
    .join(', ')

export function noteBlow(total: Total, step: Step, { killed, hit }: Blow): void {
  const kills = step.kind.startsWith('kill')
  total.kills += killed
  const name = step.kind === 'receiver' ? step.mode : step.kind
  const times = kills ? killed : step.kind === 'suspend-worker' && hit === null ? 0 : 1
  if (times > 0) total.byKind.set(name, (total.byKind.get(name) ?? 0) + times)
  if (hit === null) return
  const of = total.aimed.get(aimOf(step)) ?? { hit: 0, of: 0 }
  total.aimed.set(aimOf(step), { hit: of.hit + (hit ? 1 : 0), of: of.of + 1 })
}

function aimOf(step: Step): string {
  switch (step.kind) {
    case 'kill-worker-at':
      return `worker, ${step.moment} at the ${step.side}`
    case 'kill-backends':
      return `PostgreSQL, at ${step.while}`
    case 'kill-gateway-in-request':
      return 'gateway in a request'
    case 'suspend-worker':
      return `suspended${step.at ? ` at the ${step.at.side}` : ''} until another took over`
    default:
      return step.kind
  }
}

/** Captured: declarations that owe a receipt, which is all but the parked, the held back, and those cancelled in time. */
export function lastLine({ kills, counts, lost, doubled, misordered }: Total): string {
  const captured = counts.declared - counts.parked - counts.held - counts.cancelled
  return `kills ${kills}, captured ${captured}, receipts ${counts.receipts}, lost ${lost.length}, doubled ${doubled.length}, misordered ${misordered.length}`
}

export function emptyTotal(): Total {
  const counts = { declared: 0, accepted: 0, parked: 0, held: 0, cancelled: 0, rejected: 0, receipts: 0 }
  return {
    kills: 0,
    late: null,
    captures: 0,
    requests: 0,
    byKind: new Map(),
    aimed: new Map(),
    met: new Map(),
    statuses: new Map(),
    counts,
    lost: [],
    doubled: [],
    misordered: [],
    odd: [],
    money: emptyLedgerFindings(),
  }
}
