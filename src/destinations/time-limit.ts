/** One time limit for a whole exchange, beside the worker's own signal to stop. */
export type TimeLimit = {
  /** Aborted by whichever comes first: the worker's signal, or the end of the time. */
  readonly signal: AbortSignal
  /** Takes the timer away; the signal then follows the worker's alone. */
  clear(): void
}

export function startTimeLimit(stop: AbortSignal, timeoutMs: number): TimeLimit {
  const time = new AbortController()
  const timer = setTimeout(() => time.abort(new Error('time is up')), timeoutMs)
  return { signal: AbortSignal.any([stop, time.signal]), clear: () => clearTimeout(timer) }
}

/** Settles as `work` does, or rejects once `signal` ends; what `work` does afterwards is nobody's concern. */
export function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

/** Resolves after `ms`, or at once when `signal` ends. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
}
