/** Full-jitter backoff: a uniform draw below an exponentially growing, capped ceiling. */
export type BackoffPolicy = { readonly baseMs: number; readonly capMs: number }

/**
 * Delay in ms before attempt `attemptCount + 1`. With base 1 s and cap 15 min the ceilings are
 * 1, 2, 4, 8 … 512, 900, 900 s; the draw is uniform in [0, ceiling) so that a crowd spreads out.
 */
export function backoffMs(attemptCount: number, policy: BackoffPolicy, random: () => number): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(Math.max(attemptCount - 1, 0), 30))
  return Math.floor(random() * ceiling)
}
