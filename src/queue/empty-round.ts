/** Tells when turns that found nothing have gone round every pharmacy: until something changes, nothing can be claimed. */
export type EmptyRound = {
  /**
   * One turn that claimed nothing, by the pharmacies after which it began and after which the next one begins; `wentRound`: it went
   * round them all by itself. True where, with the empty turns before it, the round is whole.
   */
  emptyTurn(turn: { readonly from: string; readonly to: string; readonly wentRound: boolean }): boolean
  /** Something was claimed, or may be now. */
  begin(): void
}

/**
 * A turn looks at so many pharmacies and no more. Where more than that have rows that cannot go (their pause runs, or what they
 * correct is parked), each of them claims nothing and none sees them all: whoever only asked again would ask for ever.
 */
export function createEmptyRound(): EmptyRound {
  let start: string | null = null
  let wrapped = false
  return {
    emptyTurn: ({ from, to, wentRound }) => {
      if (wentRound) return true
      start ??= from
      // Pharmacies come in the order of their ids, and after the last one the first. Workers share the turn: others move it on, too.
      if (to <= from) wrapped = true
      return wrapped && to >= start
    },
    begin: () => {
      start = null
      wrapped = false
    },
  }
}
