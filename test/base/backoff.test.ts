/** The backoff series, its cap and its jitter. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../../src/base/backoff.ts'

const policy = { baseMs: 1000, capMs: 900_000 }

test('the ceiling doubles with each attempt until it meets the cap', () => {
  const ceilings = [1, 2, 3, 4, 10, 11, 12].map((attempt) => backoffMs(attempt, policy, () => 0.999_999_999) + 1)
  expect(ceilings).toEqual([1000, 2000, 4000, 8000, 512_000, 900_000, 900_000])
})

test('the draw reaches from nothing to the ceiling, so that a crowd spreads out', () => {
  expect(backoffMs(5, policy, () => 0)).toBe(0)
  expect(backoffMs(5, policy, () => 0.5)).toBe(8000)
})

test('a delay is a whole number below the cap, whatever the count', () => {
  const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), draw, (attempt, random) => {
      const delay = backoffMs(attempt, policy, () => random)
      expect(Number.isInteger(delay) && delay >= 0 && delay < policy.capMs).toBe(true)
    }),
  )
})
