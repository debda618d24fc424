/** One destination within one worker: claims a little ahead, sends as many at once as it was granted, settles behind. */
import type { Claim, Settled, Won } from '../storage/queries.ts'
import type { News } from './admission.ts'
import type { Asked } from './ask.ts'
import type { ClaimedSets } from './claimed-sets.ts'
import { createEmptyRound } from './empty-round.ts'
import { createOpening } from './opening.ts'
import { createReady } from './ready.ts'
import {
  type Ended,
  type OpenDeclaration,
  type OpenedDeclaration,
  type QueueDestination,
  settlementOf,
} from './run-declaration.ts'
import { createUntoldNews, newsWithinMs } from './untold-news.ts'
import type { WorkerEvents } from './worker-events.ts'

export type LaneDeps = {
  readonly ask: (input: { wanted: number; underWay: number; room: number; held: number; news: News }) => Promise<Asked>
  readonly openForSending: (claims: readonly Claim[]) => Promise<ReadonlyMap<string, OpenDeclaration>>
  readonly run: (claim: Claim, opened: OpenedDeclaration, takeSlot: () => Promise<boolean>) => Promise<Ended>
  readonly settle: (claim: Claim, settled: Settled) => Promise<Won | null>
  readonly release: (claims: readonly Claim[]) => Promise<unknown>
  readonly follow: ClaimedSets['follow']
  readonly random: () => number
  readonly monotonicMs: () => number
  readonly events: WorkerEvents
  /** Something came that a round should look at. */
  readonly onKick: () => void
  /** The same in so many ms. */
  readonly kickIn: (ms: number) => void
  /** Something waits for a time that nobody has looked up yet. */
  readonly onRequeued: () => void
}

/** `againMs`: 0 for at once, null for when kicked. `opened`: false where what was claimed could not be opened, and was given back. */
export type Round = { readonly claimed: number; readonly againMs: number | null; readonly opened: Promise<boolean> }

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

type ReadyToRun = { readonly claim: Claim; readonly open: OpenDeclaration }

const allOpened = Promise.resolve(true)
const nothingThere: OpenDeclaration = () => ({ outcome: { class: 'permanent', code: 'unreadable-content' } })
/** One set is read while the next one is claimed: each alone takes long enough to let the other run dry. */
const openingMax = 2
/** Marks are written ahead of need only where a slot comes free that soon: a mark that grows old is not acted on. */
const sendMsMaxForMarkingAhead = 500
/** After a fault of our own (the key store is away), not to spin. */
export const faultPauseMs = 1000

export function createLane(deps: LaneDeps, destination: QueueDestination, settings: { readonly batchSize: number }): Lane {
  const { batchSize } = settings
  /** Answered and not yet written: bounded, so that a slow database holds up sending instead of filling memory. */
  const settlingMax = 4 * batchSize
  const ready = createReady<ReadyToRun>()
  const running = new Map<string, { readonly claim: Claim; readonly ended: Promise<void> }>()
  /** Marked as sent, and waiting for a slot. */
  const waiting: ((mayGo: boolean) => void)[] = []
  const news = createUntoldNews({
    breaker: destination.breaker,
    holdMsMax: destination.retry.capMs,
    monotonicMs: deps.monotonicMs,
  })
  const emptyRound = createEmptyRound()
  const opening = createOpening({
    read: deps.openForSending,
    isWanted: () => !(closed || refusing),
    onRead: (claims, openers) => {
      ready.add(claims.map((claim) => ({ claim, open: openers.get(claim.id) ?? nothingThere })))
      pump()
      if (moreWaits && hasRoom()) deps.onKick()
    },
    onFailed: (cause) => {
      deps.events.failed('open', cause)
      failedToOpen = true
      deps.onKick()
    },
    release: deps.release,
  })
  /** Requests that have a slot. */
  let sending = 0
  /** Runs that have none yet: they encode, mark, or wait. */
  let preparing = 0
  /** How long a request takes, lately. */
  let sendMs = 0
  let slots = 0
  let moreWaits = false
  /** It fails, or is being tried again: nothing is marked ahead. */
  let broken = false
  /** It fails: nothing is sent. */
  let refusing = false
  let closed = false
  /** Nothing could be opened, and no round has been told yet. */
  let failedToOpen = false

  const heldCount = () => ready.size + running.size + opening.count()
  const room = () =>
    closed || opening.size >= openingMax ? 0 : Math.min(batchSize, openingMax * batchSize - ready.size - opening.count())
  /** Enough for a set that is worth its round trips. */
  const hasRoom = () => room() >= batchSize / 2

  /** As many again as may be under way are marked ahead, in sets: so a crash leaves at most twice that number in doubt. */
  const aheadMax = () => (closed || broken || sendMs > sendMsMaxForMarkingAhead ? 0 : slots)

  function pump(): void {
    if (news.mustAskFirst()) {
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
    if (news.mustAskFirst() || refusing || slots === 0) return Promise.resolve(false)
    if (waiting.length === 0 && sending < slots) {
      sending += 1
      return Promise.resolve(true)
    }
    return closed ? Promise.resolve(false) : new Promise((resume) => waiting.push(resume))
  }

  function start({ claim, open }: ReadyToRun): void {
    preparing += 1
    const key = `${claim.id}/${claim.epoch}`
    const ended = deps
      .follow([claim], runAndSettle(claim, open))
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
    if (moreWaits && hasRoom()) deps.onKick()
    if (end === null) return deps.events.leaseLost(claim)
    const { outcome } = end
    const settled = settlementOf(claim, { outcome, destination, auditAction: 'declaration.settle', random: deps.random })
    const won = await deps.settle(claim, settled)
    if (won && settled.settlement.state === 'queued') deps.onRequeued()
    if (won?.successorWaits || (heldCount() === 1 && slots > 0)) deps.onKick()
  }

  function hear({ outcome, sent }: NonNullable<Ended>): void {
    if (news.hear(outcome, { sent })) deps.kickIn(newsWithinMs + 10) // timers may come a little early
    if (news.isDue()) deps.onKick()
  }

  async function round(options: { readonly renew?: boolean } = {}): Promise<Round> {
    const urgent = news.isDue() || options.renew
    if (failedToOpen) {
      failedToOpen = false
      return { claimed: 0, againMs: faultPauseMs, opened: allOpened }
    }
    if (!urgent && !hasRoom()) {
      moreWaits = true
      return { claimed: 0, againMs: null, opened: allOpened }
    }
    const asked = await askWith(closed ? 0 : destination.concurrencyMax)
    if (asked.breaker !== 'closed' && asked.claims.length === 0) await giveBack()
    const opened = asked.claims.length === 0 ? allOpened : opening.start(asked.claims)
    const nothingLeft = foundNothing(asked)
    moreWaits = asked.againMs === null && !nothingLeft
    const goesOn = moreWaits && asked.claimMax > 0 && hasRoom()
    return { claimed: asked.claims.length, againMs: goesOn ? 0 : nothingLeft ? null : asked.againMs, opened }
  }

  /** What was kicked after this looks at every pharmacy anew. */
  function foundNothing({ claims, claimMax, wentRound, turn }: Asked): boolean {
    const whole = claims.length === 0 && claimMax > 0 && emptyRound.emptyTurn({ ...turn, wentRound })
    if (claims.length > 0 || whole) emptyRound.begin()
    return whole
  }

  async function askWith(wanted: number): Promise<Asked> {
    try {
      // A probe that is still read, encoded or marked is under way: a second one must not be claimed beside it.
      const underWay = broken ? Math.max(sending, Math.min(sending + preparing + opening.count(), slots)) : sending
      const asked = await deps.ask({ wanted, underWay, room: room(), held: heldCount(), news: news.take() })
      news.told(asked)
      slots = asked.slots
      broken = asked.breaker !== 'closed'
      refusing = asked.breaker === 'open'
      if (broken && asked.claims.length === 0) dismissWaiting()
      pump()
      return asked
    } catch (cause) {
      news.kept()
      throw cause
    }
  }

  async function giveBack(): Promise<void> {
    const unsent = ready.takeAll().map((entry) => entry.claim)
    if (unsent.length > 0) await deps.release(unsent)
  }

  return {
    destination,
    round,
    held: () => [
      ...ready.list().map((entry) => entry.claim),
      ...[...running.values()].map((entry) => entry.claim),
      ...opening.list(),
    ],
    close: async () => {
      closed = true
      dismissWaiting()
      await giveBack()
    },
    emptied: async () => {
      for (;;) {
        const underWay = [...opening.pending(), ...[...running.values()].map((entry) => entry.ended)]
        if (underWay.length === 0) return
        await Promise.race(underWay)
      }
    },
    leave: async () => {
      if (slots > 0 || !news.isEmpty) await askWith(0)
    },
  }
}
