/** Every row of the settlement table: what an outcome makes of a declaration. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { declarationStates, mayMove } from '../../src/domain/declaration.ts'
import { failureCodes } from '../../src/domain/failure-codes.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import { decideSettlement, type SettlementInput } from '../../src/domain/settlement.ts'

const receipt = { reference: 'R-1', answerSha256: 'a'.repeat(64) }
const policy = { baseMs: 1000, capMs: 60_000, attemptsMax: 5 }

const decide = (outcome: Outcome, input: Partial<SettlementInput> = {}) =>
  decideSettlement({ outcome, attemptCount: 1, policy, deduplicates: 'none', random: () => 0.5, ...input })

describe('accepted and permanent', () => {
  test('an accepted declaration is accepted with its receipt, however many attempts it took', () => {
    expect(decide({ class: 'accepted', receipt }, { attemptCount: 99 })).toEqual({ state: 'accepted', receipt })
  })

  test('a permanent refusal is never retried, and keeps the place that the far side named', () => {
    expect(decide({ class: 'permanent', code: 'data-type', location: 'PID-7' })).toEqual({
      state: 'rejected',
      code: 'data-type',
      location: 'PID-7',
    })
    expect(decide({ class: 'permanent', code: 'refused' })).toEqual({ state: 'rejected', code: 'refused', location: null })
  })
})

describe('transient', () => {
  const busy = { class: 'transient', code: 'busy' } as const

  test('what was not taken goes back to the queue, its attempt counted', () => {
    expect(decide(busy)).toEqual({ state: 'queued', code: 'busy', delayMs: 500, countAttempt: true })
    expect(decide(busy, { attemptCount: 4 })).toMatchObject({ state: 'queued', delayMs: 4000 })
  })

  test('after its last attempt it is parked for a person, never dropped', () => {
    expect(decide(busy, { attemptCount: 5 })).toEqual({ state: 'parked', code: 'retry-budget-spent' })
    expect(decide(busy, { attemptCount: 6 })).toEqual({ state: 'parked', code: 'retry-budget-spent' })
  })

  test('Retry-After is honoured where it is longer than ours, up to our cap', () => {
    expect(decide({ ...busy, retryAfterMs: 30_000 })).toMatchObject({ delayMs: 30_000 })
    expect(decide({ ...busy, retryAfterMs: 3_600_000 })).toMatchObject({ delayMs: 60_000 })
    expect(decide({ ...busy, retryAfterMs: 10 }, { attemptCount: 4 })).toMatchObject({ delayMs: 4000 })
  })

  test.for([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -5000])(
    'a Retry-After of %d leaves our own delay',
    (retryAfterMs) => {
      expect(decide({ ...busy, retryAfterMs })).toMatchObject({ delayMs: 500 })
    },
  )
})

describe('ambiguous', () => {
  const lost = { class: 'ambiguous', code: 'answer-lost' } as const

  test('what may have been taken is sent again only where the destination recognises the same control id', () => {
    expect(decide(lost, { deduplicates: 'control-id' })).toMatchObject({
      state: 'queued',
      code: 'answer-lost',
      countAttempt: true,
    })
    expect(decide(lost, { deduplicates: 'none' })).toEqual({ state: 'parked', code: 'answer-lost' })
  })

  test('where it does, the budget of attempts still ends it', () => {
    expect(decide(lost, { deduplicates: 'control-id', attemptCount: 5 })).toEqual({ state: 'parked', code: 'retry-budget-spent' })
  })
})

test('what we interrupted ourselves is due at once and counts as no attempt, even the last one', () => {
  for (const attemptCount of [1, 5, 50])
    expect(decide({ class: 'interrupted' }, { attemptCount })).toEqual({
      state: 'queued',
      code: null,
      delayMs: 0,
      countAttempt: false,
    })
})

test('whatever the outcome, the settlement is one that the states allow, with a finite delay', () => {
  const code = fc.constantFrom(...failureCodes)
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    fc.constant<Outcome>({ class: 'accepted', receipt }),
    code.map((some): Outcome => ({ class: 'permanent', code: some })),
    fc.tuple(code, fc.double()).map(([some, retryAfterMs]): Outcome => ({ class: 'transient', code: some, retryAfterMs })),
    code.map((some): Outcome => ({ class: 'ambiguous', code: some })),
    fc.constant<Outcome>({ class: 'interrupted' }),
  )
  fc.assert(
    fc.property(
      outcome,
      fc.nat(100),
      fc.constantFrom('none' as const, 'control-id' as const),
      (some, attemptCount, deduplicates) => {
        const settled = decide(some, { attemptCount, deduplicates })
        expect(mayMove('sent', settled.state)).toBe(true)
        if (settled.state === 'queued') expect(settled.delayMs >= 0 && settled.delayMs <= policy.capMs).toBe(true)
        if (some.class === 'ambiguous' && deduplicates === 'none') expect(settled.state).toBe('parked')
        expect(declarationStates).toContain(settled.state)
      },
    ),
  )
})
