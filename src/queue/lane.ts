/** One destination within one worker: claims a little ahead, sends as many at once as it was granted, settles behind. */
import { assert } from '../base/assert.ts'
import type { Claim, Settled, Won } from '../storage/queries.ts'
import { type News, noNews } from './admission.ts'
import type { Asked } from './ask.ts'
import { createEmptyRound } from './empty-round.ts'
import { hearOutcome, joinNews } from './health-news.ts'
import { createReady } from './ready.ts'
import {
  type Ended,
  type OpenDeclaration,
  type OpenedDeclaration,
  type QueueDestination,
  settlementOf,
} from './run-declaration.ts'
import type { WorkerEvents } from './worker-events.ts'

export type LaneDeps = {
  readonly ask: (input: { wanted: number; underWay: number; room: number; held: number; news: News }) => Promise<Asked>
  readonly openForSending: (claims: readonly Claim[]) => Promise<ReadonlyMap<string, OpenDeclaration>>
  readonly run: (claim: Claim, opened: OpenedDeclaration, takeSlot: () => Promise<boolean>) => Promise<Ended>
  readonly settle: (claim: Claim, settled: Settled) => Promise<Won | null>
  readonly release: (claims: readonly Claim[]) => Promise<unknown>
  readonly random: () => number
  readonly monotonicMs: () => number
  readonly events: WorkerEvents
  /** Something came that a round should look at. */
  readonly onKick: () => void
  /** Something waits for a time that nobody has looked up yet. */
  readonly onRequeued: () => void
}

/** `againMs`: 0 for at once, null for when kicked. */
export type Round = { readonly claimed: number; readonly againMs: number | null }

export type Lane = {
  readonly destination: QueueDestination
  round(options?: { readonly renew?: boolean }): Promise<Round>
  held(): readonly Claim[]
  /** Gives back what was not started; nothing more is claimed. */
  close(): Promise<void>
  /** Resolves when nothing is under way or waiting. */
  emptied(): Promise<void>
  /** Tells the last news and returns the slots. */
  leave(): Promise<void>
}

const nothingThere: OpenDeclaration = () => ({ outcome: { class: 'permanent', code: 'unreadable-content' } })
/** Marks are written ahead of need only where a slot comes free that soon: a mark that grows old is not acted on. */
const sendMsMaxForMarkingAhead = 500
/** After a fault of our own (the key store is away), not to spin. */
export const faultPauseMs = 1000

export function createLane(deps: LaneDeps, destination: QueueDestination, settings: { readonly batchSize: number }): Lane {
  const { batchSize } = settings
  /** Answered and not yet written: bounded, so that a slow database holds up sending instead of filling memory. */
  const settlingMax = 4 * batchSize
  const ready = createReady<{ readonly claim: Claim; readonly open: OpenDeclaration }>()
  const running = new Map<string, { readonly claim: Claim; readonly ended: Promise<void> }>()
  /** Marked as sent, and waiting for a slot. */
  const waiting: ((mayGo: boolean) => void)[] = []
  const emptyRound = createEmptyRound()
  let opening: readonly Claim[] = []
  /** Requests that have a slot. */
  let sending = 0
  /** Runs that have none yet: they encode, mark, or wait. */
  let preparing = 0
  /** How long a request takes, lately. */
  let sendMs = 0
  let slots = 0
  let news = noNews
  /** Handed over by the asking that is under way, and not yet answered: it still counts. */
  let telling = noNews
  let moreWaits = false
  let unwell = false
  /** It fails, or is being tried again: nothing is marked ahead. */
  let broken = false
  /** It fails: nothing is sent. */
  let refusing = false
  let failuresKnown = 0
  let closed = false

  const heldCount = () => ready.size + running.size + opening.length
  const room = () => (closed ? 0 : Math.max(0, batchSize - ready.size))

  /** What came since the last asking would open the breaker, as far as this worker sees: nothing starts before it has asked. */
  const mustAskFirst = () => {
    const untold = joinNews(telling, news)
    return untold.holdMs > 0 || untold.failures + (untold.answered ? 0 : failuresKnown) >= destination.breaker.failuresMax
  }

  /** As many again as may be under way are marked ahead, in sets: so a crash leaves at most twice that number in doubt. */
  const aheadMax = () => (closed || broken || sendMs > sendMsMaxForMarkingAhead ? 0 : slots)

  function pump(): void {
    if (mustAskFirst()) {
      dismissWaiting()
      return
    }
    while (waiting.length > 0 && sending < slots) {
      sending += 1
      waiting.shift()?.(true)
    }
    const settling = () => running.size - sending - preparing
    while (sending + preparing < slots + aheadMax() && settling() < settlingMax) {
      const next = ready.take()
      if (!next) return
      start(next)
    }
  }

  /** No byte of these has left: each goes back uncounted. */
  function dismissWaiting(): void {
    for (const refuse of waiting.splice(0)) refuse(false)
  }

  /** False where none will come free soon: the destination fails, a rival has them all, or we are about to stop. */
  function takeSlot(): Promise<boolean> {
    if (mustAskFirst() || refusing || slots === 0) return Promise.resolve(false)
    if (waiting.length === 0 && sending < slots) {
      sending += 1
      return Promise.resolve(true)
    }
    return closed ? Promise.resolve(false) : new Promise((resume) => waiting.push(resume))
  }

  function start({ claim, open }: { readonly claim: Claim; readonly open: OpenDeclaration }): void {
    preparing += 1
    const key = `${claim.id}/${claim.epoch}`
    const ended = runAndSettle(claim, open)
      .catch((cause: unknown) => deps.events.failed('run', cause)) // our own fault: the lease runs out and rescue takes over
      .finally(() => {
        running.delete(key)
        pump()
      })
    running.set(key, { claim, ended })
  }

  /** Runs it in a slot that is given back whatever comes. */
  async function runInSlot(claim: Claim, open: OpenDeclaration): Promise<Ended> {
    let sentAt: number | null = null
    try {
      return await deps.run(claim, open(), async () => {
        const mayGo = await takeSlot()
        if (mayGo) {
          preparing -= 1
          sentAt = deps.monotonicMs()
        }
        return mayGo
      })
    } finally {
      if (sentAt === null) preparing -= 1
      else {
        sending -= 1
        sendMs += (deps.monotonicMs() - sentAt - sendMs) / 8
      }
    }
  }

  async function runAndSettle(claim: Claim, open: OpenDeclaration): Promise<void> {
    const end = await runInSlot(claim, open)
    if (end) hear(end)
    pump()
    if (moreWaits && ready.size <= batchSize / 2) deps.onKick()
    if (end === null) return deps.events.leaseLost(claim)
    const { outcome } = end
    const settled = settlementOf(claim, { outcome, destination, auditAction: 'declaration.settle', random: deps.random })
    const won = await deps.settle(claim, settled)
    if (won && settled.settlement.state === 'queued') deps.onRequeued()
    if (won?.successorWaits || (heldCount() === 1 && slots > 0)) deps.onKick()
  }

  function hear({ outcome, sent }: NonNullable<Ended>): void {
    news = hearOutcome(news, outcome, { sent, holdMsMax: destination.retry.capMs })
    // What could open or close the breaker is told at once; all's-well waits for the next asking.
    if (news.failures > 0 || (unwell && news.answered)) deps.onKick()
  }

  async function round(options: { readonly renew?: boolean } = {}): Promise<Round> {
    const urgent = news.failures > 0 || (unwell && news.answered) || options.renew
    if (!urgent && room() < batchSize / 2) {
      moreWaits = true
      return { claimed: 0, againMs: null }
    }
    const asked = await askWith(closed ? 0 : destination.concurrencyMax)
    if (asked.breaker !== 'closed' && asked.claims.length === 0) await giveBack()
    if (asked.claims.length > 0 && !(await openAndQueue(asked.claims))) return { claimed: 0, againMs: faultPauseMs }
    const nothingLeft = foundNothing(asked)
    moreWaits = asked.againMs === null && !nothingLeft
    if (moreWaits && asked.claimMax > 0 && room() >= batchSize / 2) return { claimed: asked.claims.length, againMs: 0 }
    return { claimed: asked.claims.length, againMs: nothingLeft ? null : asked.againMs }
  }

  /** What was kicked after this looks at every pharmacy anew. */
  function foundNothing({ claims, claimMax, wentRound, turn }: Asked): boolean {
    const whole = claims.length === 0 && claimMax > 0 && emptyRound.emptyTurn({ ...turn, wentRound })
    if (claims.length > 0 || whole) emptyRound.begin()
    return whole
  }

  async function askWith(wanted: number): Promise<Asked> {
    telling = news
    news = noNews
    try {
      // A probe that still encodes or is being marked is under way: a second one must not be claimed beside it.
      const underWay = broken ? Math.max(sending, Math.min(sending + preparing, slots)) : sending
      const asked = await deps.ask({ wanted, underWay, room: room(), held: heldCount(), news: telling })
      telling = noNews
      slots = asked.slots
      failuresKnown = asked.breaker === 'closed' ? asked.failures : 0
      broken = asked.breaker !== 'closed'
      unwell = broken || asked.failures > 0
      refusing = asked.breaker === 'open'
      if (broken && asked.claims.length === 0) dismissWaiting()
      pump()
      return asked
    } catch (cause) {
      news = joinNews(telling, news)
      telling = noNews
      throw cause
    }
  }

  /** False where nothing can be opened now: ours, not theirs, so the rows go back uncounted. */
  async function openAndQueue(claims: readonly Claim[]): Promise<boolean> {
    assert(opening.length === 0, 'one round of a lane at a time')
    opening = claims
    try {
      const openers = await deps.openForSending(claims)
      ready.add(claims.map((claim) => ({ claim, open: openers.get(claim.id) ?? nothingThere })))
      return true
    } catch (cause) {
      deps.events.failed('open', cause)
      await deps.release(claims)
      return false
    } finally {
      opening = []
      if (closed) await giveBack()
      else pump()
    }
  }

  async function giveBack(): Promise<void> {
    const unsent = ready.takeAll().map((entry) => entry.claim)
    if (unsent.length > 0) await deps.release(unsent)
  }

  return {
    destination,
    round,
    held: () => [...ready.list().map((entry) => entry.claim), ...[...running.values()].map((entry) => entry.claim), ...opening],
    close: async () => {
      closed = true
      dismissWaiting()
      await giveBack()
    },
    emptied: async () => {
      while (running.size > 0) await Promise.race([...running.values()].map((entry) => entry.ended))
    },
    leave: async () => {
      if (slots > 0 || news !== noNews) await askWith(0)
    },
  }
}
