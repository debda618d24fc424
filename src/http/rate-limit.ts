/** Token buckets in bounded memory: how often one address, or one session, may ask. */
import type { Clock } from '../base/clock.ts'

export type RateLimit = {
  /** Requests that may come at once. */
  readonly burst: number
  readonly perSecond: number
}

export type RateLimiter = {
  /** Takes one token; answers null where there was one, else the whole seconds until there is. */
  take(key: string): number | null
}

/**
 * At most `keysMax` buckets are kept. When one more is needed the one longest unused goes: it has had the most time
 * to fill up again, so forgetting it gives away the least.
 */
export function createRateLimiter(deps: { readonly clock: Clock }, limit: RateLimit & { readonly keysMax: number }): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take: (key) => {
      const now = deps.clock.now().getTime()
      const known = buckets.get(key)
      buckets.delete(key)
      const oldest = buckets.size >= limit.keysMax ? buckets.keys().next() : null
      if (oldest && !oldest.done) buckets.delete(oldest.value)
      const elapsedMs = known ? Math.max(0, now - known.at) : 0
      const filled = known ? Math.min(limit.burst, known.tokens + (elapsedMs / 1000) * limit.perSecond) : limit.burst
      const allowed = filled >= 1
      buckets.set(key, { tokens: allowed ? filled - 1 : filled, at: now })
      return allowed ? null : Math.max(1, Math.ceil((1 - filled) / limit.perSecond))
    },
  }
}
