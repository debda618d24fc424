/** A declaration: one version of a screening, for one destination; its states and the moves between them. */
export const declarationKinds = ['original', 'replacement', 'cancellation'] as const
export type DeclarationKind = (typeof declarationKinds)[number]

export const declarationStates = ['queued', 'claimed', 'sent', 'accepted', 'rejected', 'parked', 'cancelled'] as const
export type DeclarationState = (typeof declarationStates)[number]

const moves: Record<DeclarationState, readonly DeclarationState[]> = {
  queued: ['claimed', 'cancelled'],
  // claimed → rejected: refused by our own checks before a byte left.
  claimed: ['sent', 'queued', 'rejected', 'parked'],
  sent: ['accepted', 'rejected', 'parked', 'queued'],
  accepted: [],
  rejected: [],
  parked: ['queued', 'accepted', 'cancelled'],
  cancelled: [],
}

export function mayMove(from: DeclarationState, to: DeclarationState): boolean {
  return moves[from].includes(to)
}

export function isTerminal(state: DeclarationState): boolean {
  return moves[state].length === 0
}
