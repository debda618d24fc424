/** What a client is being asked, so that closing it waits for that, and for nothing else. */
export type UnderWay = {
  /** The same promise, counted until it settles. */
  track<Value>(asked: Promise<Value>): Promise<Value>
  /** Resolves when nothing is under way, or after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>
}

/**
 * The driver (postgres.js 3.4.9) takes a connection that was cut off in the midst of a statement for a busy one until it connects
 * again: left to itself, closing then always takes its whole grace.
 */
export function trackUnderWay(): UnderWay {
  const underWay = new Set<Promise<unknown>>()
  return {
    track: (asked) => {
      const forget = () => underWay.delete(asked)
      underWay.add(asked)
      asked.then(forget, forget)
      return asked
    },
    settled: (timeoutMs) =>
      new Promise((done) => {
        const timer = setTimeout(done, timeoutMs)
        void Promise.allSettled(underWay).then(() => {
          clearTimeout(timer)
          done()
        })
      }),
  }
}
