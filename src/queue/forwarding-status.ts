/** How forwarding stands, destination by destination, in numbers that were measured: for the banner, the alarm and metrics. */
import type { Database } from '../storage/database.ts'
import { listControls } from '../storage/destination-controls.ts'
import { countOpenDeclarations, type OpenCount } from '../storage/queue-reading.ts'
import { type Control, drainTimeConstantS } from './admission.ts'
import type { QueueDestination } from './run-declaration.ts'

/**
 * `flowing`; `recovering`: it came back and the pace still climbs; `paused`: it does not answer, and is tried from time to
 * time; `silent`: work has waited and nothing was acknowledged for longer than `silenceMs`, though nothing says why;
 * `not-configured`: declarations wait for a destination that config no longer names.
 */
export type ForwardingState = 'flowing' | 'recovering' | 'paused' | 'silent' | 'not-configured'

export type DestinationStatus = {
  readonly destinationId: string
  readonly state: ForwardingState
  /** Queued, and nothing stands before them but their turn. */
  readonly waiting: number
  /** Claimed or sent: by a worker that lives, or that died; only their age tells. */
  readonly underWay: number
  /** Waiting for a person. */
  readonly parked: number
  /** Behind a parked one of the same screening: no work that is due, however old. */
  readonly held: number
  /** Of those that wait or are under way. */
  readonly oldestWaitingMs: number | null
  /** Declarations a second that ended lately, with a time constant of a minute. */
  readonly drainPerSecond: number
  /** How long the last of those that are due now will have to wait, by what was measured; null while too little drains to tell. */
  readonly expectedDelayMs: number | null
  readonly pausedForMs: number | null
}

/** All destinations that are configured or that something waits for. Alarm where a state is `silent`. */
export async function forwardingStatus(
  database: Pick<Database, 'forWorker'>,
  destinations: readonly Pick<QueueDestination, 'id' | 'pace'>[],
  options: { readonly silenceMs: number },
): Promise<readonly DestinationStatus[]> {
  const { counts, controls } = await database.forWorker(async (tx) => ({
    counts: await countOpenDeclarations(tx),
    controls: await listControls(tx),
  }))
  const ids = [...new Set([...destinations.map((entry) => entry.id), ...counts.map((entry) => entry.destination)])]
  return ids.map((id) => {
    const row = controls.find((entry) => entry.destination === id)
    return statusOf(id, {
      settings: destinations.find((entry) => entry.id === id) ?? null,
      counts: counts.filter((entry) => entry.destination === id),
      control: row ?? null,
      nowMs: row?.nowMs ?? 0,
      silenceMs: options.silenceMs,
    })
  })
}

export type StatusInput = {
  readonly settings: Pick<QueueDestination, 'pace'> | null
  readonly counts: readonly OpenCount[]
  readonly control: Control | null
  readonly nowMs: number
  readonly silenceMs: number
}

export function statusOf(destinationId: string, input: StatusInput): DestinationStatus {
  const { control, nowMs } = input
  const count = (...states: readonly OpenCount['state'][]) =>
    input.counts.filter((entry) => states.includes(entry.state)).reduce((sum, entry) => sum + entry.count, 0)
  const waiting = count('queued')
  const underWay = count('claimed', 'sent')
  // What a dead worker held is due too, until another takes it over: where none is left, nothing but its age tells of it.
  const ages = input.counts.filter((entry) => isDue(entry.state)).flatMap((entry) => entry.oldestAgeMs ?? [])
  const oldestWaitingMs = ages.length === 0 ? null : Math.max(...ages)
  const drainPerSecond = control ? drainAt(control, nowMs) : 0
  const state = stateOf(input, { waiting, oldestWaitingMs })
  return {
    destinationId,
    state,
    waiting,
    underWay,
    parked: count('parked'),
    held: count('held'),
    oldestWaitingMs,
    drainPerSecond,
    expectedDelayMs: expectedDelayMs({ state, due: waiting + underWay, drainPerSecond }),
    pausedForMs:
      control && control.breaker !== 'closed' && control.openedAtMs !== null ? Math.max(0, nowMs - control.openedAtMs) : null,
  }
}

function isDue(state: OpenCount['state']): boolean {
  return state === 'queued' || state === 'claimed' || state === 'sent'
}

function drainAt(control: Control, nowMs: number): number {
  const elapsedS = Math.max(0, nowMs - control.drainedAtMs) / 1000
  return (control.drained * Math.exp(-elapsedS / drainTimeConstantS)) / drainTimeConstantS
}

function stateOf(
  { settings, control, nowMs, silenceMs }: StatusInput,
  { waiting, oldestWaitingMs }: { waiting: number; oldestWaitingMs: number | null },
): ForwardingState {
  if (!settings) return 'not-configured'
  if (control && control.breaker !== 'closed') return 'paused'
  const quietMs = control?.lastAcceptedAtMs == null ? Number.POSITIVE_INFINITY : nowMs - control.lastAcceptedAtMs
  if ((oldestWaitingMs ?? 0) > silenceMs && quietMs > silenceMs) return 'silent'
  return control?.closedAtMs != null && nowMs - control.closedAtMs < settings.pace.rampMs && waiting > 0
    ? 'recovering'
    : 'flowing'
}

/** About one a minute. Below this a measured rate is noise, and what it promises would be days. */
const drainPerSecondMin = 0.02

/** What the pace would allow is left out, also while it climbs: a destination that takes one in two seconds takes no more for it. */
function expectedDelayMs(input: { state: ForwardingState; due: number; drainPerSecond: number }): number | null {
  const { state, due, drainPerSecond } = input
  if (state === 'paused' || state === 'silent' || state === 'not-configured') return null
  if (due === 0) return 0
  return drainPerSecond < drainPerSecondMin ? null : Math.round((due / drainPerSecond) * 1000)
}
