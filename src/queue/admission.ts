/** Decides what one worker may send to one destination now: breaker, shared concurrency and pace. Pure: the caller holds the lock. */
import type { BreakerPolicy, PacePolicy } from '../domain/destination-settings.ts'
import type { ControlRow } from '../storage/destination-controls.ts'

/** What all workers know together. */
export type Control = ControlRow
/** Requests that a worker may have under way at once, until its lease ends. */
export type Grant = ControlRow['grants'][number]

/** What a worker saw since it last asked. */
export type News = {
  readonly answered: boolean
  /** Failures after the last answer. */
  readonly failures: number
  readonly ended: number
  readonly accepted: number
  /** The longest Retry-After, already capped; 0 for none. */
  readonly holdMs: number
}
export const noNews: News = { answered: false, failures: 0, ended: 0, accepted: 0, holdMs: 0 }

export type Limits = { readonly concurrencyMax: number; readonly breaker: BreakerPolicy; readonly pace: PacePolicy }

export type Ask = {
  readonly worker: string
  readonly nowMs: number
  readonly leaseMs: number
  /** Requests that it would run at once; 0 when it has nothing to send. */
  readonly wanted: number
  readonly underWay: number
  /** Rows that it has room for. */
  readonly room: number
  readonly news: News
}

export type Admission = {
  readonly control: Control
  /** Requests that it may have under way. */
  readonly slots: number
  /** Rows that it may claim now. */
  readonly claimMax: number
  /** Ms after which asking again may bring more; null when only news or work can. */
  readonly againMs: number | null
}

/** A drain rate per second is `drained / drainTimeConstantS`. */
export const drainTimeConstantS = 60
const burstMs = 1000
/** A worker that found every slot taken asks again; slots come free by its asking, since it is then counted. */
const crowdedAgainMs = 500
/** While another one probes, to learn what came of it. */
const probedAgainMs = 1000

export function decideAdmission(before: Control, ask: Ask, limits: Limits): Admission {
  const heard = hear(drain(before, ask), ask, limits)
  const opened = halfOpenWhenTimeHasCome(heard, ask)
  const refilled = refill(opened, ask, limits)
  const slots = grantedSlots(refilled, ask, limits)
  const claimMax = claimable(refilled, ask, slots)
  return {
    control: { ...refilled, grants: withGrant(refilled, ask, slots) },
    slots,
    claimMax,
    againMs: againMs(refilled, { ask, slots, claimMax, limits }),
  }
}

/**
 * What is left to write after the claim: tokens are spent on what was claimed, the grant shrinks to what the worker holds
 * (`held`, the claimed included), and a probe for which there is no work is given back.
 */
export function afterClaim(admission: Admission, ask: Ask, claimed: number, held: number): { control: Control; slots: number } {
  const { control } = admission
  const slots = Math.max(ask.underWay, Math.min(admission.slots, held))
  const grants = control.grants.flatMap((grant): readonly Grant[] => {
    if (grant.worker !== ask.worker) return [grant]
    // Wanting goes on where a rival's share was in the way; then the rival sees it and shrinks.
    const wanted =
      claimed > 0 || admission.claimMax === 0 ? Math.min(ask.wanted, Math.max(held, admission.slots === 0 ? 1 : 0)) : held
    return slots === 0 && wanted === 0 ? [] : [{ ...grant, slots, wanted }]
  })
  const spent = { ...control, grants, tokens: control.tokens - claimed }
  const idleProbe = control.breaker === 'half-open' && control.probeBy === ask.worker && held === 0
  return { slots, control: idleProbe ? { ...spent, breaker: 'open', probeBy: null, holdUntilMs: ask.nowMs } : spent }
}

function drain(control: Control, { nowMs, news }: Ask): Control {
  const elapsedS = Math.max(0, nowMs - control.drainedAtMs) / 1000
  return {
    ...control,
    drained: control.drained * Math.exp(-elapsedS / drainTimeConstantS) + news.ended,
    drainedAtMs: Math.max(nowMs, control.drainedAtMs),
    lastAcceptedAtMs: news.accepted > 0 ? nowMs : control.lastAcceptedAtMs,
  }
}

function hear(control: Control, ask: Ask, { breaker }: Limits): Control {
  const { news, nowMs } = ask
  const probing = control.breaker === 'half-open' && control.probeBy === ask.worker
  if (control.breaker === 'closed') {
    const failures = (news.answered ? 0 : control.failures) + news.failures
    return failures >= breaker.failuresMax || news.holdMs > 0
      ? open({ ...control, failures }, ask, breaker)
      : { ...control, failures, openings: news.answered && news.failures === 0 ? 0 : control.openings }
  }
  if (probing && (news.failures > 0 || news.holdMs > 0)) return open(control, ask, breaker)
  if (probing && news.answered)
    return {
      ...control,
      breaker: 'closed',
      failures: 0,
      probeBy: null,
      holdUntilMs: null,
      openedAtMs: null,
      closedAtMs: nowMs,
      tokens: 0,
    }
  // Late answers to what left before it opened change nothing, but for a Retry-After.
  const holdUntilMs = Math.max(control.holdUntilMs ?? 0, news.holdMs > 0 ? nowMs + news.holdMs : 0)
  return control.breaker === 'open' ? { ...control, holdUntilMs } : control
}

function open(control: Control, { nowMs, news }: Ask, policy: BreakerPolicy): Control {
  const pauseMs = Math.min(policy.holdCapMs, policy.holdMs * 2 ** Math.min(control.openings, 20))
  return {
    ...control,
    breaker: 'open',
    openings: control.openings + 1,
    openedAtMs: control.openedAtMs ?? nowMs,
    probeBy: null,
    holdUntilMs: nowMs + Math.max(pauseMs, news.holdMs),
  }
}

/** The first to ask after the pause probes; where it died, the next one to ask after its lease. */
function halfOpenWhenTimeHasCome(control: Control, ask: Ask): Control {
  if (control.breaker === 'closed' || ask.wanted === 0 || ask.nowMs < (control.holdUntilMs ?? 0)) return control
  return { ...control, breaker: 'half-open', probeBy: ask.worker, holdUntilMs: ask.nowMs + ask.leaseMs }
}

/** Declarations a second: after an outage it climbs in a line, so that recovery is no burst. */
export function paceAt(control: Pick<Control, 'closedAtMs'>, nowMs: number, pace: PacePolicy): number {
  const sinceMs = control.closedAtMs === null ? Number.POSITIVE_INFINITY : nowMs - control.closedAtMs
  if (sinceMs >= pace.rampMs) return pace.perSecondMax
  const from = Math.min(pace.rampFromPerSecond, pace.perSecondMax)
  return from + (pace.perSecondMax - from) * (Math.max(0, sinceMs) / pace.rampMs)
}

function refill(control: Control, { nowMs }: Ask, { pace }: Limits): Control {
  const perSecond = paceAt(control, nowMs, pace)
  const elapsedMs = Math.max(0, nowMs - control.tokensAtMs)
  const burst = Math.max(1, (perSecond * burstMs) / 1000)
  const tokens = Math.min(burst, control.tokens + (elapsedMs * perSecond) / 1000)
  return { ...control, tokens, tokensAtMs: Math.max(nowMs, control.tokensAtMs) }
}

const others = (control: Control, ask: Ask) =>
  control.grants.filter((grant) => grant.worker !== ask.worker && grant.untilMs > ask.nowMs)

/** An even share among those who want some, all of it for one who wants alone; never below what is already under way. */
function grantedSlots(control: Control, ask: Ask, { concurrencyMax }: Limits): number {
  if (control.breaker === 'open' || ask.wanted === 0) return ask.underWay
  if (control.breaker === 'half-open') return control.probeBy === ask.worker ? Math.max(1, ask.underWay) : ask.underWay
  const rivals = others(control, ask)
  const taken = rivals.reduce((sum, grant) => sum + grant.slots, 0)
  const wanting = 1 + rivals.filter((grant) => grant.wanted > 0).length
  const share = Math.max(1, Math.ceil(concurrencyMax / wanting))
  return Math.max(ask.underWay, Math.min(ask.wanted, share, Math.max(0, concurrencyMax - taken)))
}

function withGrant(control: Control, ask: Ask, slots: number): readonly Grant[] {
  const rivals = others(control, ask)
  if (slots === 0 && ask.wanted === 0) return rivals
  return [...rivals, { worker: ask.worker, slots, wanted: ask.wanted, untilMs: ask.nowMs + ask.leaseMs }]
}

function claimable(control: Control, ask: Ask, slots: number): number {
  if (control.breaker === 'open' || ask.wanted === 0 || slots === 0) return 0
  if (control.breaker === 'half-open') return control.probeBy === ask.worker && ask.underWay === 0 ? Math.min(1, ask.room) : 0
  return Math.min(ask.room, Math.floor(control.tokens))
}

function againMs(
  control: Control,
  { ask, slots, claimMax, limits }: { ask: Ask; slots: number; claimMax: number; limits: Limits },
): number | null {
  if (ask.wanted === 0) return null
  const holdMs = Math.max(1, (control.holdUntilMs ?? ask.nowMs) - ask.nowMs)
  if (control.breaker === 'open') return holdMs
  if (control.breaker === 'half-open') return control.probeBy === ask.worker ? null : Math.min(holdMs, probedAgainMs)
  if (slots === 0) return crowdedAgainMs
  // Short of tokens: after the time in which a useful handful has come, not one by one.
  if (claimMax < ask.room) return Math.ceil(Math.min(100, 1000 / Math.max(0.1, paceAt(control, ask.nowMs, limits.pace)))) + 1
  return null
}
