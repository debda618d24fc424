/** What a destination holds against what we say of it: each difference named, with what a person may do about it. */
import type { DeclarationState } from './declaration.ts'

/** One of our declarations, by the control id under which it goes. */
export type OurSide = {
  readonly controlId: string
  readonly declarationId: string
  readonly screeningId: string
  readonly pharmacyId: string
  readonly state: DeclarationState
  /** False where no byte of it can have left: then they cannot hold it. */
  readonly tried: boolean
}

/** `unclear`: they gave no usable answer, so nothing is known. */
export type TheirSide = 'held' | 'not-held' | 'unclear'

export const reconciliationProblems = [
  'acknowledged-not-held',
  'stopped-but-held',
  'stopped-not-held',
  'withdrawn-but-held',
  'waiting-but-held',
  'never-sent-but-held',
  'unknown-to-us',
  'unclear',
] as const
export type ReconciliationProblem = (typeof reconciliationProblems)[number]

export const proposals = ['ask-them', 'mark-received', 'send-again', 'cancel-there', 'wait', 'ask-later'] as const
export type Proposal = (typeof proposals)[number]

export type Discrepancy = {
  readonly controlId: string
  /** Null: they name a control id that we never gave. */
  readonly ours: OurSide | null
  readonly problem: ReconciliationProblem
  /** Never taken by itself: a person decides. */
  readonly proposal: Proposal
}

const proposalFor: Record<ReconciliationProblem, Proposal> = {
  'acknowledged-not-held': 'ask-them',
  'stopped-but-held': 'mark-received',
  'stopped-not-held': 'send-again',
  'withdrawn-but-held': 'cancel-there',
  'waiting-but-held': 'wait',
  'never-sent-but-held': 'ask-them',
  'unknown-to-us': 'ask-them',
  unclear: 'ask-later',
}

/** Null where both sides agree. */
export function compareSides(ours: OurSide, theirs: TheirSide): Discrepancy | null {
  const problem = problemOf(ours, theirs)
  return problem === null ? null : { controlId: ours.controlId, ours, problem, proposal: proposalFor[problem] }
}

/** For a control id that they hold and that is none of ours. */
export function unknownToUs(controlId: string): Discrepancy {
  return { controlId, ours: null, problem: 'unknown-to-us', proposal: proposalFor['unknown-to-us'] }
}

function problemOf({ state, tried }: OurSide, theirs: TheirSide): ReconciliationProblem | null {
  if (theirs === 'unclear') return 'unclear'
  const held = theirs === 'held'
  switch (state) {
    case 'accepted':
    case 'received':
      return held ? null : 'acknowledged-not-held'
    case 'parked':
      return held ? 'stopped-but-held' : 'stopped-not-held'
    case 'rejected':
      // Refused, and not there: that is what refused means.
      return held ? 'stopped-but-held' : null
    case 'cancelled':
      return held ? 'withdrawn-but-held' : null
    case 'queued':
    case 'claimed':
    case 'sent':
      if (!held) return null
      return tried ? 'waiting-but-held' : 'never-sent-but-held'
  }
}
