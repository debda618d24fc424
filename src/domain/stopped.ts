/** What has stopped and waits for a person: how it is asked for, and what may be done about one. */
import { controlIdFrom } from './control-id.ts'
import { type FailureCode, heldAlready } from './failure-codes.ts'

export const stoppedStates = ['parked', 'rejected'] as const
export type StoppedState = (typeof stoppedStates)[number]

/**
 * What a person may end as received by hand: what has stopped; and what waits for a destination that the configuration has
 * dropped, which nobody sends, and which a correction cannot take back where a try of it may be there.
 */
export type ReceivableState = StoppedState | 'queued'

export function mayBeReceived(state: ReceivableState, destinationIsConfigured: boolean): boolean {
  return state !== 'queued' || !destinationIsConfigured
}

/** Null: whichever. `since`, `until`: when it stopped, from and before. */
export type StoppedFilter = {
  readonly pharmacyId: string | null
  readonly destination: string | null
  readonly state: StoppedState | null
  readonly code: FailureCode | null
  readonly since: Date | null
  readonly until: Date | null
  /** Not of these: the configuration has dropped them, and nothing is sent there. */
  readonly notAt: readonly string[]
}

export const anyStopped: StoppedFilter = {
  pharmacyId: null,
  destination: null,
  state: null,
  code: null,
  since: null,
  until: null,
  notAt: [],
}

/** Stopped declarations that one sentence can speak of. */
export type StoppedCount = {
  readonly destination: string
  readonly state: StoppedState
  readonly code: FailureCode | null
  readonly count: number
  /**
   * Of these: a try at them may have been taken unseen, or found them there already, and the destination neither recognises a message that it gets twice
   * nor can be asked. Sent again unseen, one may count twice.
   */
  readonly doubtful: number
  readonly oldest: Date | null
}

/** Declarations a second at which a retry of many is released. */
export const retryPace = { default: 5, max: 50 } as const
/** Declarations that one retry may hold; who has more begins another. */
export const retryMax = 10_000

/**
 * The control id under which it is sent again. A refused one was taken under none, and its bytes may differ once what was wrong is
 * mended: it gets a fresh one, unless it may be at the destination (an earlier try, or its word that it holds this id), which
 * knows that one by the old id.
 */
export function controlIdToSend(
  row: {
    readonly state: StoppedState
    readonly code: FailureCode | null
    readonly controlId: string
    readonly mayBeThere: boolean
  },
  randomBytes: (count: number) => Uint8Array,
): string {
  const wasTakenUnderNone = row.state === 'rejected' && row.code !== heldAlready && !row.mayBeThere
  return wasTakenUnderNone ? controlIdFrom(randomBytes(20)) : row.controlId
}
