/** When what one worker saw is told: at once where it could open or close the breaker, in a while where it could not. */
import { expect, test } from 'vitest'
import type { Outcome } from '../../src/domain/outcome.ts'
import { createUntoldNews, newsWithinMs } from '../../src/queue/untold-news.ts'

const accepted: Outcome = { class: 'accepted', receipt: { reference: 'r', answerSha256: 'a' } }
const busy: Outcome = { class: 'transient', code: 'busy' }
const sent = { sent: true }
const quiet = { breaker: 'closed', failures: 0 } as const

function open() {
  let nowMs = 0
  const news = createUntoldNews({ breaker: { failuresMax: 10 }, holdMsMax: 60_000, monotonicMs: () => nowMs })
  const passMs = (ms: number): void => {
    nowMs += ms
  }
  return { news, passMs }
}

test('all’s well waits for the next asking, however long', () => {
  const { news, passMs } = open()
  expect(news.hear(accepted, sent)).toBe(false)
  passMs(60_000)
  expect(news.isDue()).toBe(false)
  expect(news.take()).toMatchObject({ answered: true, ended: 1, accepted: 1 })
})

test('a failure that does not matter yet is promised once, due in a while, and told once', () => {
  const { news, passMs } = open()
  expect([news.hear(busy, sent), news.hear(busy, sent)]).toEqual([true, false])
  expect([news.isDue(), news.mustAskFirst()]).toEqual([false, false])
  passMs(newsWithinMs - 1)
  expect(news.isDue()).toBe(false)
  passMs(1)
  expect(news.isDue()).toBe(true)
  expect(news.take()).toMatchObject({ failures: 2 })
  expect(news.isDue()).toBe(false)
  news.told({ breaker: 'closed', failures: 2 })
  expect(news.isEmpty).toBe(true)
})

test('half way to the opening of the breaker it is due at once, with what was told before', () => {
  const { news } = open()
  for (let failures = 0; failures < 4; failures++) news.hear(busy, sent)
  expect(news.isDue()).toBe(false)
  news.hear(busy, sent)
  expect([news.isDue(), news.mustAskFirst()]).toEqual([true, false])
  news.take()
  news.told({ breaker: 'closed', failures: 5 })
  news.hear(busy, sent)
  expect(news.isDue()).toBe(true)
})

test('what would open the breaker, and what asks us to wait, must be told before anything starts', () => {
  const failing = open().news
  for (let failures = 0; failures < 10; failures++) failing.hear(busy, sent)
  expect([failing.isDue(), failing.mustAskFirst()]).toEqual([true, true])
  const asked = open().news
  asked.hear({ ...busy, retryAfterMs: 5_000 }, sent)
  expect([asked.isDue(), asked.mustAskFirst()]).toEqual([true, true])
})

test('while it is being told it still counts, and what could not be told comes before what came since', () => {
  const { news } = open()
  for (let failures = 0; failures < 6; failures++) news.hear(busy, sent)
  news.take()
  for (let failures = 0; failures < 4; failures++) news.hear(busy, sent)
  expect(news.mustAskFirst()).toBe(true)
  news.kept()
  expect(news.take()).toMatchObject({ failures: 10 })
})

test('once the breaker is open an answer is news, due at once; with failures known it is due in a while', () => {
  const { news, passMs } = open()
  news.take()
  news.told({ breaker: 'half-open', failures: 10 })
  expect(news.hear(accepted, sent)).toBe(true)
  expect(news.isDue()).toBe(true)
  news.take()
  news.told({ breaker: 'closed', failures: 1 })
  expect(news.hear(accepted, sent)).toBe(true)
  expect(news.isDue()).toBe(false)
  passMs(newsWithinMs)
  expect(news.isDue()).toBe(true)
  news.take()
  news.told(quiet)
  expect(news.hear(accepted, sent)).toBe(false)
})
