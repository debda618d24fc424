/** What a new version means at each destination: which waiting declarations fall away, and what is declared instead. */
import type { DeclarationKind, DeclarationState } from './declaration.ts'

/** A declaration of an earlier version at one destination. */
export type EarlierDeclaration = {
  readonly id: string
  readonly version: number
  readonly kind: DeclarationKind
  readonly state: DeclarationState
}

export type CorrectionStep = {
  /** Still waiting, so that nothing of it left: cancelled here, and never corrected nationally. */
  readonly cancel: readonly string[]
  /** What the new version declares; null: the destination never heard of the screening, and need not hear of its end. */
  readonly declare: { readonly kind: DeclarationKind; readonly replacesVersion: number | null } | null
}

/**
 * One destination's part of a correction or a cancellation. What it refused or never got it does not hold; what was
 * accepted, is under way or was parked it holds or may hold: that is replaced or cancelled there, in its order.
 */
export function planCorrection(earlier: readonly EarlierDeclaration[], intent: 'correct' | 'cancel'): CorrectionStep {
  const cancel = earlier.filter((one) => one.state === 'queued').map((one) => one.id)
  const held = earlier.filter((one) => mayBeHeld(one.state)).toSorted((a, b) => b.version - a.version)[0]
  if (held?.kind === 'cancellation') return { cancel, declare: null }
  if (intent === 'cancel') return { cancel, declare: held ? { kind: 'cancellation', replacesVersion: held.version } : null }
  return {
    cancel,
    declare: held ? { kind: 'replacement', replacesVersion: held.version } : { kind: 'original', replacesVersion: null },
  }
}

function mayBeHeld(state: DeclarationState): boolean {
  switch (state) {
    case 'claimed':
    case 'sent':
    case 'accepted':
    case 'parked':
      return true
    case 'queued':
    case 'rejected':
    case 'cancelled':
      return false
  }
}
