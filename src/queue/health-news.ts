/** Reads from outcomes how the far side does, between two askings: answers, failures one after another, what it asked us to wait. */
import type { FailureCode } from '../domain/failure-codes.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { News } from './admission.ts'

/** Transient for reasons of our own: they say nothing about the far side. */
const ours: ReadonlySet<FailureCode> = new Set<FailureCode>(['pharmacy-not-configured', 'retry-budget-spent'])

/** `sent`: a byte may have left. What our own checks refused is no news. */
export function hearOutcome(news: News, outcome: Outcome, options: { readonly sent: boolean; readonly holdMsMax: number }): News {
  switch (outcome.class) {
    case 'accepted':
      return { ...news, answered: true, failures: 0, ended: news.ended + 1, accepted: news.accepted + 1 }
    case 'permanent':
      return options.sent ? { ...news, answered: true, failures: 0, ended: news.ended + 1 } : news
    case 'transient':
      if (ours.has(outcome.code)) return news
      return {
        ...news,
        failures: news.failures + 1,
        holdMs: Math.max(news.holdMs, heldFor(outcome.retryAfterMs, options.holdMsMax)),
      }
    case 'ambiguous':
      return { ...news, failures: news.failures + 1 }
    case 'interrupted':
      return news
  }
}

/** News that could not be told, before what came since. */
export function joinNews(untold: News, since: News): News {
  return {
    answered: untold.answered || since.answered,
    failures: since.answered ? since.failures : untold.failures + since.failures,
    ended: untold.ended + since.ended,
    accepted: untold.accepted + since.accepted,
    holdMs: Math.max(untold.holdMs, since.holdMs),
  }
}

function heldFor(retryAfterMs: number | undefined, holdMsMax: number): number {
  return retryAfterMs !== undefined && Number.isFinite(retryAfterMs) ? Math.max(0, Math.min(retryAfterMs, holdMsMax)) : 0
}
