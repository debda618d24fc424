/** Time as an argument: production passes `systemClock`, tests pass one that they move. */
export type Clock = { now(): Date }

export const systemClock: Clock = { now: () => new Date() }

/** The instant `ms` milliseconds after (or, negative, before) `from`. */
export function addMs(from: Date, ms: number): Date {
  return new Date(from.getTime() + ms)
}
