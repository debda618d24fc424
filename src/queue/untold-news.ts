/** What one worker saw of a destination and has not told at the door yet: how much it matters, and when it is to be told. */
import type { BreakerPolicy } from '../domain/destination-settings.ts'
import type { Outcome } from '../domain/outcome.ts'
import { type News, noNews } from './admission.ts'
import type { Asked } from './ask.ts'
import { hearOutcome, joinNews } from './health-news.ts'

export type UntoldNews = {
  /** Answers true where nobody has been promised to hear of it yet: then it is to be told within `newsWithinMs`. */
  hear(outcome: Outcome, options: { readonly sent: boolean }): boolean
  /** Is to be told now: what could open or close the breaker, or is half way there; the rest once it has waited long enough. */
  isDue(): boolean
  /** What is not told would open the breaker, as far as this worker sees: nothing starts before it has asked. */
  mustAskFirst(): boolean
  readonly isEmpty: boolean
  /** Hands over all of it; until `told` or `kept` it still counts. */
  take(): News
  told(asked: Pick<Asked, 'breaker' | 'failures'>): void
  /** It could not be told. */
  kept(): void
}

/** Failures that do not matter yet: a worker that asks the door after each spends itself on the few that always fail. */
export const newsWithinMs = 200

export function createUntoldNews(settings: {
  readonly breaker: Pick<BreakerPolicy, 'failuresMax'>
  /** The longest Retry-After that is believed. */
  readonly holdMsMax: number
  readonly monotonicMs: () => number
}): UntoldNews {
  const { breaker, holdMsMax, monotonicMs } = settings
  let news = noNews
  /** Handed over by the asking that is under way, and not yet answered. */
  let telling = noNews
  /** When there came what the others should know of; null: all's well, which waits for the next asking, or told. */
  let since: number | null = null
  let failuresKnown = 0
  let broken = false
  /** Then an answer is news, too. */
  const isUnwell = () => broken || failuresKnown > 0

  function mustAskFirst(): boolean {
    const untold = joinNews(telling, news)
    return untold.holdMs > 0 || untold.failures + (untold.answered ? 0 : failuresKnown) >= breaker.failuresMax
  }

  return {
    hear: (outcome, { sent }) => {
      news = hearOutcome(news, outcome, { sent, holdMsMax })
      if (since !== null || (news.failures === 0 && !(isUnwell() && news.answered))) return false
      since = monotonicMs()
      return true
    },
    isDue: () => {
      if (since === null) return false
      if (broken || mustAskFirst() || failuresKnown + news.failures >= breaker.failuresMax / 2) return true
      return monotonicMs() - since >= newsWithinMs
    },
    mustAskFirst,
    get isEmpty() {
      return news === noNews
    },
    take: () => {
      telling = news
      news = noNews
      since = null
      return telling
    },
    told: (asked) => {
      telling = noNews
      broken = asked.breaker !== 'closed'
      failuresKnown = broken ? 0 : asked.failures
    },
    kept: () => {
      news = joinNews(telling, news)
      telling = noNews
      since ??= monotonicMs()
    },
  }
}
