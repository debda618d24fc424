/** The plan of a fault run: an endless list of steps that its seed alone decides. */
import type { FaultMode } from '../simulators/sidep/faults.ts'

export type Moment = 'received' | 'taken'
export type Side = 'promising' | 'promiseless'
/** When the receiver holds a request in its hand (`received`), or has taken it and not yet answered (`taken`). */
export type Aim = { readonly moment: Moment; readonly side: Side }

/** What is done to the house; those named `kill-…` end processes by SIGKILL and count. */
export type Step =
  | { readonly kind: 'kill-worker'; readonly worker: number }
  | ({ readonly kind: 'kill-worker-at' } & Aim)
  | { readonly kind: 'kill-all-workers' }
  | { readonly kind: 'kill-gateway'; readonly gateway: number }
  /** So many ms after a client's request reached it. */
  | { readonly kind: 'kill-gateway-in-request'; readonly delayMs: number }
  /** Server processes that run this statement now, at most `count`. */
  | { readonly kind: 'kill-backends'; readonly while: Statement; readonly count: number }
  /** The postmaster, with all its children or leaving them behind. */
  | { readonly kind: 'kill-postgres'; readonly children: boolean }
  | { readonly kind: 'suspend-worker'; readonly at: Aim | null; readonly worker: number; readonly ms: number }
  | { readonly kind: 'turn-clock' }
  | { readonly kind: 'fill-disk'; readonly ms: number }
  | { readonly kind: 'receiver'; readonly side: Side; readonly mode: FaultMode; readonly count: number; readonly ms: number }

export type PlannedStep = { readonly afterMs: number; readonly step: Step }

/** Text that stands in the statement, as PostgreSQL shows it of a running process. */
export const statements = {
  claim: "set state = 'claimed'",
  mark: "set state = 'sent'",
  settle: 'insert into receipts',
  capture: 'insert into "screenings"',
  any: '',
} as const
export type Statement = keyof typeof statements

/** A small generator of pseudo-random numbers in [0, 1): mulberry32. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export type PlanSizes = { readonly workers: number; readonly gateways: number; readonly meanGapMs: number }

type Weighed = readonly [weight: number, make: (draw: Draw) => Step]
type Draw = {
  /** A whole number from `min` to `max`, both included. */
  from(min: number, max: number): number
  of<Value>(values: readonly Value[]): Value
  readonly sizes: PlanSizes
}

/** Past the lease of fifteen seconds, so that the others take over what it held. */
const suspensionMs = { min: 16_500, max: 19_500 } as const
/** Modes after which nobody can know are rarer at the receiver that promises nothing: what meets one there is parked. */
const knownEnds: readonly FaultMode[] = ['ar', 'busy', 'answer-twice', 'slow']
const unknownEnds: readonly FaultMode[] = [
  ...(['lose-request', 'lose-answer', 'half-open', 'hang', 'lie', 'garbage', 'html', 'huge'] as const),
  'one-byte-a-second',
]

const weighed: readonly Weighed[] = [
  [12, ({ from, sizes }) => ({ kind: 'kill-worker', worker: from(0, sizes.workers - 1) })],
  [18, ({ of }) => ({ kind: 'kill-worker-at', moment: of(['received', 'taken', 'taken']), side: sideOf(of) })],
  [1, () => ({ kind: 'kill-all-workers' })],
  [2, ({ from, sizes }) => ({ kind: 'kill-gateway', gateway: from(0, sizes.gateways - 1) })],
  [7, ({ from }) => ({ kind: 'kill-gateway-in-request', delayMs: from(0, 40) })],
  [9, ({ from, of }) => ({ kind: 'kill-backends', while: of(Object.keys(statements) as Statement[]), count: from(1, 8) })],
  [2, ({ of }) => ({ kind: 'kill-postgres', children: of([true, false]) })],
  [3, suspension],
  [3, () => ({ kind: 'turn-clock' })],
  [1, ({ from }) => ({ kind: 'fill-disk', ms: from(500, 2_000) })],
  [7, ({ from, of }) => ({ kind: 'receiver', side: sideOf(of), mode: of(knownEnds), count: from(1, 5), ms: from(200, 900) })],
  [7, ({ from, of }) => ({ kind: 'receiver', side: 'promising', mode: of(unknownEnds), count: from(1, 4), ms: 1_000 })],
  [2, ({ of }) => ({ kind: 'receiver', side: 'promiseless', mode: of(unknownEnds), count: 1, ms: 1_000 })],
  // A storm of refusals for now: more than opens the breaker.
  [1, ({ from, of }) => ({ kind: 'receiver', side: sideOf(of), mode: 'ar', count: from(20, 60), ms: 0 })],
]

const sideOf = (of: Draw['of']) => of<Side>(['promising', 'promising', 'promiseless'])

/**
 * At the receiver that promises, what a sleeper sends when it wakes is known again; at the other one it would count twice: there it is
 * the fencing alone, and what was parked meanwhile, that hold.
 */
const suspendedAt: readonly (Aim | null)[] = [
  ...(['promising', 'promiseless'] as const).flatMap((side) => [
    { moment: 'received', side } as const,
    { moment: 'taken', side } as const,
  ]),
  ...[null, null],
]

function suspension({ from, of, sizes }: Draw): Step {
  const ms = from(suspensionMs.min, suspensionMs.max)
  return { kind: 'suspend-worker', at: of(suspendedAt), worker: from(0, sizes.workers - 1), ms }
}

/** The same seed and sizes give the same steps, for ever. */
export function* planSteps(seed: number, sizes: PlanSizes): Generator<PlannedStep, never> {
  const random = createRandom(seed)
  const draw: Draw = {
    sizes,
    from: (min, max) => min + Math.floor(random() * (max - min + 1)),
    of: (values) => values[Math.floor(random() * values.length)] as (typeof values)[number], // safe: no list here is empty
  }
  const total = weighed.reduce((sum, [weight]) => sum + weight, 0)
  for (;;) {
    // Gaps as of independent events: many short ones, and now and then a calm in which things recover.
    const afterMs = Math.round(Math.min(5, -Math.log(1 - random())) * sizes.meanGapMs)
    yield { afterMs, step: chosen(random() * total)(draw) }
  }
}

function chosen(at: number): Weighed[1] {
  let passed = 0
  for (const [weight, make] of weighed) {
    passed += weight
    if (at < passed) return make
  }
  throw new RangeError('beyond the weights')
}
