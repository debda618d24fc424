import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EarlierDeclaration, planCorrection } from '../../src/domain/correction-plan.ts'
import { declarationKinds, declarationStates } from '../../src/domain/declaration.ts'

const one = (version: number, kind: EarlierDeclaration['kind'], state: EarlierDeclaration['state']): EarlierDeclaration => ({
  id: `v${version}`,
  version,
  kind,
  state,
})

describe('a correction', () => {
  test.each([
    [
      'an original that still waits falls away, and the new version is the original',
      [one(1, 'original', 'queued')],
      ['v1'],
      'original',
      null,
    ],
    ['an original that was accepted is replaced', [one(1, 'original', 'accepted')], [], 'replacement', 1],
    ['an original under way is replaced, in its turn', [one(1, 'original', 'sent')], [], 'replacement', 1],
    [
      'an original that a person must decide upon may be held there: it is replaced',
      [one(1, 'original', 'parked')],
      [],
      'replacement',
      1,
    ],
    [
      'a refused original was never taken: the new version is the original',
      [one(1, 'original', 'rejected')],
      [],
      'original',
      null,
    ],
    [
      'a waiting replacement falls away, and the new one replaces what is held',
      [one(1, 'original', 'accepted'), one(2, 'replacement', 'queued')],
      ['v2'],
      'replacement',
      1,
    ],
    [
      'a refused replacement leaves the one before in force there',
      [one(1, 'original', 'accepted'), one(2, 'replacement', 'rejected')],
      [],
      'replacement',
      1,
    ],
    ['a destination that is new gets an original', [], [], 'original', null],
  ] as const)('%s', (_title, earlier, cancel, kind, replacesVersion) => {
    expect(planCorrection(earlier, 'correct')).toEqual({ cancel, declare: { kind, replacesVersion } })
  })
})

describe('a cancellation', () => {
  test('is told to a destination that holds the screening, or may', () => {
    for (const state of ['claimed', 'sent', 'accepted', 'parked'] as const)
      expect(planCorrection([one(1, 'original', state)], 'cancel').declare).toEqual({ kind: 'cancellation', replacesVersion: 1 })
  })

  test('is not told to one that never got it', () => {
    expect(planCorrection([one(1, 'original', 'queued')], 'cancel')).toEqual({ cancel: ['v1'], declare: null })
    expect(planCorrection([one(1, 'original', 'rejected')], 'cancel')).toEqual({ cancel: [], declare: null })
  })

  test('takes back a waiting replacement and cancels what it would have replaced', () => {
    const earlier = [one(1, 'original', 'accepted'), one(2, 'replacement', 'queued')]
    expect(planCorrection(earlier, 'cancel')).toEqual({ cancel: ['v2'], declare: { kind: 'cancellation', replacesVersion: 1 } })
  })
})

test('whatever came before: only what waits is taken back, and what is named as replaced may be held there', () => {
  const history = fc
    .array(fc.record({ kind: fc.constantFrom(...declarationKinds), state: fc.constantFrom(...declarationStates) }), {
      maxLength: 8,
    })
    .map((rows) => rows.map(({ kind, state }, index) => one(index + 1, kind, state)))
  fc.assert(
    fc.property(history, fc.constantFrom('correct' as const, 'cancel' as const), (earlier, intent) => {
      const plan = planCorrection(earlier, intent)
      expect(plan.cancel).toEqual(earlier.filter((row) => row.state === 'queued').map((row) => row.id))
      const replaced = earlier.find((row) => row.version === plan.declare?.replacesVersion)
      if (plan.declare?.replacesVersion) expect(['claimed', 'sent', 'accepted', 'parked']).toContain(replaced?.state)
    }),
  )
})
