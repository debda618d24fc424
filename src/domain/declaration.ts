/** A declaration: one version of a screening, for one destination; its states and the moves between them. */
export const declarationKinds = ['original', 'replacement', 'cancellation'] as const
export type DeclarationKind = (typeof declarationKinds)[number]

/** `received`: a person found it at the destination and said so; there is no receipt, and it is never billed. */
export const declarationStates = ['queued', 'claimed', 'sent', 'accepted', 'rejected', 'parked', 'cancelled', 'received'] as const
export type DeclarationState = (typeof declarationStates)[number]

const moves: Record<DeclarationState, readonly DeclarationState[]> = {
  // queued → received: by a person, where the configuration has dropped the destination.
  queued: ['claimed', 'cancelled', 'received'],
  // claimed → rejected: refused by our own checks before a byte left. claimed → accepted: asked about, it was there already.
  claimed: ['sent', 'queued', 'rejected', 'parked', 'accepted'],
  sent: ['accepted', 'rejected', 'parked', 'queued'],
  accepted: [],
  // Nothing moves by itself; a person may send it again once what was wrong is mended, or say that it is there.
  rejected: ['queued', 'received'],
  parked: ['queued', 'received', 'cancelled'],
  cancelled: [],
  received: [],
}

const terminal: ReadonlySet<DeclarationState> = new Set(['accepted', 'rejected', 'cancelled', 'received'])

export function mayMove(from: DeclarationState, to: DeclarationState): boolean {
  return moves[from].includes(to)
}

/** True where it has ended and holds nothing back; a rejected one can still be taken up again by a person. */
export function isTerminal(state: DeclarationState): boolean {
  return terminal.has(state)
}
