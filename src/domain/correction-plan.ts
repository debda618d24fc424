/** What a new version means at each destination: which declarations fall away, what is declared instead, and how that is told. */
import type { DeclarationKind, DeclarationState } from './declaration.ts'
import { type FailureCode, heldAlready } from './failure-codes.ts'

/** A declaration of an earlier version at one destination. */
export type EarlierDeclaration = {
  readonly id: string
  readonly version: number
  readonly kind: DeclarationKind
  readonly state: DeclarationState
  /** Why its last try came to nothing. */
  readonly code: FailureCode | null
  /**
   * True where a try at it ended without anybody knowing what became of it, or with the word that it was there before: waiting
   * for the next try, it may be there all the same.
   */
  readonly mayBeThere: boolean
}

/** What a person is told before they confirm; pages have one sentence for each. */
export const consequences = [
  'correction-sent',
  'correction-follows',
  'correction-held-back',
  'correction-replaces-waiting',
  'sent-in-place-of-waiting',
  'sent-after-refusal',
  'sent-for-the-first-time',
  'cancellation-sent',
  'cancellation-follows',
  'cancellation-held-back',
  'cancellation-by-hand',
  'never-left',
  'holds-nothing',
  'already-cancelled',
  'no-longer-configured',
] as const
export type Consequence = (typeof consequences)[number]

export type CorrectionStep = {
  /** Nothing of it left: cancelled here, and never corrected nationally. */
  readonly cancel: readonly string[]
  /** What the new version declares; null: the destination never heard of the screening, and need not hear of its end. */
  readonly declare: { readonly kind: DeclarationKind; readonly replacesVersion: number | null } | null
  readonly consequence: Consequence
}

/**
 * One destination's part of a correction or a cancellation. What it refused or never got it does not hold, unless it refused it
 * because it held it already; what was accepted, is under way, or was tried with an unknown end it holds or may hold: that is
 * replaced or cancelled there, in its order.
 */
export function planCorrection(earlier: readonly EarlierDeclaration[], intent: 'correct' | 'cancel'): CorrectionStep {
  const cancel = earlier.filter(neverLeft).map((one) => one.id)
  const held = earlier.filter(mayBeHeld).toSorted((a, b) => b.version - a.version)[0]
  if (held?.kind === 'cancellation') return { cancel, declare: null, consequence: 'already-cancelled' }
  if (!held) return { cancel, ...withoutHeld(earlier, intent) }
  const kind = intent === 'cancel' ? 'cancellation' : 'replacement'
  return { cancel, declare: { kind, replacesVersion: held.version }, consequence: withHeld(held, intent, cancel.length > 0) }
}

/** The part of a destination that the configuration has dropped: what waited falls away, and nothing can be told it; null: it holds nothing. */
export function planForDropped(earlier: readonly EarlierDeclaration[]): CorrectionStep | null {
  const cancel = earlier.filter(neverLeft).map((one) => one.id)
  if (earlier.some(mayBeHeld)) return { cancel, declare: null, consequence: 'no-longer-configured' }
  return cancel.length === 0 ? null : { cancel, declare: null, consequence: 'never-left' }
}

const cancellations: ReadonlySet<Consequence> = new Set(['cancellation-sent', 'cancellation-follows', 'cancellation-held-back'])

/** What a person is told where the destination's format has no word for a cancellation: they have to tell it themselves. */
export function consequenceWithoutCancellation(consequence: Consequence): Consequence {
  return cancellations.has(consequence) ? 'cancellation-by-hand' : consequence
}

function withoutHeld(earlier: readonly EarlierDeclaration[], intent: 'correct' | 'cancel'): Omit<CorrectionStep, 'cancel'> {
  const waited = earlier.some(neverLeft)
  if (intent === 'cancel') return { declare: null, consequence: waited ? 'never-left' : 'holds-nothing' }
  const refused = earlier.some((one) => one.state === 'rejected')
  return {
    declare: { kind: 'original', replacesVersion: null },
    consequence: waited ? 'sent-in-place-of-waiting' : refused ? 'sent-after-refusal' : 'sent-for-the-first-time',
  }
}

/** Nothing more happens to it by itself, and nothing waits for it. */
const ended: ReadonlySet<DeclarationState> = new Set(['accepted', 'received', 'rejected'])

function withHeld(held: EarlierDeclaration, intent: 'correct' | 'cancel', waited: boolean): Consequence {
  if (held.state === 'parked') return intent === 'cancel' ? 'cancellation-held-back' : 'correction-held-back'
  if (!ended.has(held.state)) return intent === 'cancel' ? 'cancellation-follows' : 'correction-follows'
  if (intent === 'cancel') return 'cancellation-sent'
  return waited ? 'correction-replaces-waiting' : 'correction-sent'
}

/** Waiting for a try or for a person, and none of its tries can have been taken. */
function neverLeft({ state, mayBeThere }: EarlierDeclaration): boolean {
  return (state === 'queued' || state === 'parked') && !mayBeThere
}

function mayBeHeld({ state, code, mayBeThere }: EarlierDeclaration): boolean {
  switch (state) {
    case 'claimed':
    case 'sent':
    case 'accepted':
    case 'received':
      return true
    case 'queued':
    case 'parked':
      return mayBeThere
    case 'rejected':
      // The last word counts: what it refused after a doubt it does not hold.
      return code === heldAlready
    case 'cancelled':
      return false
  }
}
