/** Lets so many pass at once and keeps the rest waiting in order, as long as each is willing to. */
export type Gate = {
  /** True once inside; false when `signal` ended the waiting first. Who is inside must `leave` once. */
  enter(signal: AbortSignal): Promise<boolean>
  leave(): void
}

/** Those waiting are bounded by the queue, which hands a destination no more than it may have under way. */
export function createGate(insideMax: number): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  return {
    enter: (signal) => {
      if (signal.aborted) return Promise.resolve(false)
      if (inside < insideMax) {
        inside += 1
        return Promise.resolve(true)
      }
      return new Promise((resolve) => {
        const admit = () => {
          signal.removeEventListener('abort', giveUp)
          resolve(true)
        }
        const giveUp = () => {
          waiting.splice(waiting.indexOf(admit), 1)
          resolve(false)
        }
        signal.addEventListener('abort', giveUp, { once: true })
        waiting.push(admit)
      })
    },
    // The place passes to the next in line, so that `inside` stays as it is.
    leave: () => {
      const next = waiting.shift()
      if (next) next()
      else inside -= 1
    },
  }
}
