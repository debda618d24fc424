import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  consequences,
  consequenceWithoutCancellation,
  type EarlierDeclaration,
  planCorrection,
  planForDropped,
} from '../../src/domain/correction-plan.ts'
import { declarationKinds, declarationStates } from '../../src/domain/declaration.ts'
import { canSayCancellation, formatNames } from '../../src/domain/destination-settings.ts'

const one = (
  version: number,
  kind: EarlierDeclaration['kind'],
  state: EarlierDeclaration['state'],
  mayBeThere = false,
  code: EarlierDeclaration['code'] = null,
): EarlierDeclaration => ({
  id: `v${version}`,
  version,
  kind,
  state,
  code,
  mayBeThere,
})

describe('a correction', () => {
  test.each([
    [
      'an original that still waits falls away, and the new version is the original',
      [one(1, 'original', 'queued')],
      ['v1'],
      'original',
      null,
      'sent-in-place-of-waiting',
    ],
    ['an original that was accepted is replaced', [one(1, 'original', 'accepted')], [], 'replacement', 1, 'correction-sent'],
    ['an original under way is replaced, in its turn', [one(1, 'original', 'sent')], [], 'replacement', 1, 'correction-follows'],
    [
      'an original that waits for its next try, but may have been taken by the last, stays and is replaced in its turn',
      [one(1, 'original', 'queued', true)],
      [],
      'replacement',
      1,
      'correction-follows',
    ],
    [
      'an original that a person must decide upon, and that may be held there, is replaced',
      [one(1, 'original', 'parked', true)],
      [],
      'replacement',
      1,
      'correction-held-back',
    ],
    [
      'an original whose tries all ended with nothing taken falls away, though a person was to decide upon it',
      [one(1, 'original', 'parked')],
      ['v1'],
      'original',
      null,
      'sent-in-place-of-waiting',
    ],
    [
      'a refused original was never taken: the new version is the original',
      [one(1, 'original', 'rejected')],
      [],
      'original',
      null,
      'sent-after-refusal',
    ],
    [
      'a waiting replacement falls away, and the new one replaces what is held',
      [one(1, 'original', 'accepted'), one(2, 'replacement', 'queued')],
      ['v2'],
      'replacement',
      1,
      'correction-replaces-waiting',
    ],
    [
      'a refused replacement leaves the one before in force there',
      [one(1, 'original', 'accepted'), one(2, 'replacement', 'rejected')],
      [],
      'replacement',
      1,
      'correction-sent',
    ],
    [
      'an original that was refused because the destination held it already is replaced, not sent a second time',
      [one(1, 'original', 'rejected', true, 'duplicate-key')],
      [],
      'replacement',
      1,
      'correction-sent',
    ],
    [
      'an original that was refused after a try with an unknown end was not taken: the last word counts',
      [one(1, 'original', 'rejected', true, 'table-value')],
      [],
      'original',
      null,
      'sent-after-refusal',
    ],
    ['a destination that is new gets an original', [], [], 'original', null, 'sent-for-the-first-time'],
  ] as const)('%s', (_title, earlier, cancel, kind, replacesVersion, told) => {
    const { consequence, ...plan } = planCorrection(earlier, 'correct')
    expect(plan).toEqual({ cancel, declare: { kind, replacesVersion } })
    expect(consequence).toBe(told)
  })
})

describe('a cancellation', () => {
  test.each([
    ['accepted', false, 'cancellation-sent'],
    ['claimed', false, 'cancellation-follows'],
    ['sent', false, 'cancellation-follows'],
    ['queued', true, 'cancellation-follows'],
    ['parked', true, 'cancellation-held-back'],
  ] as const)('is told to a destination that holds the screening, or may: %s, %s', (state, mayBeThere, consequence) => {
    expect(planCorrection([one(1, 'original', state, mayBeThere)], 'cancel')).toEqual({
      cancel: [],
      declare: { kind: 'cancellation', replacesVersion: 1 },
      consequence,
    })
  })

  test('is not told to one that never got it', () => {
    const plan = (state: 'queued' | 'rejected' | 'parked') => planCorrection([one(1, 'original', state)], 'cancel')
    expect(plan('queued')).toEqual({ cancel: ['v1'], declare: null, consequence: 'never-left' })
    expect(plan('parked')).toEqual({ cancel: ['v1'], declare: null, consequence: 'never-left' })
    expect(plan('rejected')).toEqual({ cancel: [], declare: null, consequence: 'holds-nothing' })
  })

  test('is told to one that refused the original because it held it already, and not twice to one that says so of a cancellation', () => {
    expect(planCorrection([one(1, 'original', 'rejected', true, 'duplicate-key')], 'cancel')).toEqual({
      cancel: [],
      declare: { kind: 'cancellation', replacesVersion: 1 },
      consequence: 'cancellation-sent',
    })
    const earlier = [one(1, 'original', 'accepted'), one(2, 'cancellation', 'rejected', true, 'duplicate-key')]
    expect(planCorrection(earlier, 'cancel')).toMatchObject({ declare: null, consequence: 'already-cancelled' })
  })

  test('takes back a waiting replacement and cancels what it would have replaced', () => {
    const earlier = [one(1, 'original', 'accepted'), one(2, 'replacement', 'queued')]
    expect(planCorrection(earlier, 'cancel')).toMatchObject({
      cancel: ['v2'],
      declare: { kind: 'cancellation', replacesVersion: 1 },
    })
  })
})

describe('a destination that the configuration has dropped', () => {
  test('is told nothing, and what still waited for it falls away', () => {
    expect(planForDropped([one(1, 'original', 'queued')])).toEqual({ cancel: ['v1'], declare: null, consequence: 'never-left' })
    expect(planForDropped([one(1, 'original', 'accepted'), one(2, 'replacement', 'queued')])).toEqual({
      cancel: ['v2'],
      declare: null,
      consequence: 'no-longer-configured',
    })
  })

  test('keeps what it said that it held already', () => {
    expect(planForDropped([one(1, 'original', 'rejected', true, 'duplicate-key')])).toEqual({
      cancel: [],
      declare: null,
      consequence: 'no-longer-configured',
    })
  })

  test('is not spoken of where it holds nothing', () => {
    expect(planForDropped([one(1, 'original', 'rejected'), one(2, 'original', 'cancelled')])).toBeNull()
  })
})

test('whatever came before: only what waits is taken back, and what is named as replaced may be held there', () => {
  const history = fc
    .array(fc.tuple(fc.constantFrom(...declarationKinds), fc.constantFrom(...declarationStates), fc.boolean()), {
      maxLength: 8,
    })
    .map((rows) => rows.map(([kind, state, mayBeThere], index) => one(index + 1, kind, state, mayBeThere)))
  fc.assert(
    fc.property(history, fc.constantFrom('correct' as const, 'cancel' as const), (earlier, intent) => {
      const plan = planCorrection(earlier, intent)
      const unsent = earlier.filter((row) => ['queued', 'parked'].includes(row.state) && !row.mayBeThere)
      expect(plan.cancel).toEqual(unsent.map((row) => row.id))
      const replaced = earlier.find((row) => row.version === plan.declare?.replacesVersion)
      if (plan.declare?.replacesVersion)
        expect(['claimed', 'sent', 'accepted', 'received', 'parked', 'queued']).toContain(replaced?.state)
      if (replaced) expect(plan.cancel).not.toContain(replaced.id)
    }),
  )
})

test('where the format has no word for a cancellation, whoever cancels is told that it is up to them, and nothing else changes', () => {
  expect(formatNames.filter((format) => !canSayCancellation(format))).toEqual(['bio-trod'])
  const told = consequences.filter((one) => consequenceWithoutCancellation(one) !== one)
  expect(told).toEqual(['cancellation-sent', 'cancellation-follows', 'cancellation-held-back'])
  for (const one of told) expect(consequenceWithoutCancellation(one)).toBe('cancellation-by-hand')
})
