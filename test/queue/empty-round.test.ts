/** Turns that find nothing: once round every pharmacy, and no further. */
import { expect, test } from 'vitest'
import { createEmptyRound } from '../../src/queue/empty-round.ts'

const turn = (from: string, to: string, wentRound = false) => ({ from, to, wentRound })

test('a turn that went round by itself has seen all', () => {
  expect(createEmptyRound().emptyTurn(turn('b', 'b', true))).toBe(true)
})

test('turns have gone round once they pass where the first of them began', () => {
  const round = createEmptyRound()
  const came = [turn('f', 'h'), turn('h', 'k'), turn('k', 'b'), turn('b', 'e'), turn('e', 'g')].map(round.emptyTurn)
  expect(came).toEqual([false, false, false, false, true])
})

test('what was claimed begins the round anew', () => {
  const round = createEmptyRound()
  expect(round.emptyTurn(turn('f', 'c'))).toBe(false)
  round.begin()
  expect([turn('c', 'g'), turn('g', 'b'), turn('b', 'd')].map(round.emptyTurn)).toEqual([false, false, true])
})

test('a turn that others moved on meanwhile is only ever longer, never endless', () => {
  const round = createEmptyRound()
  // Between two of ours another worker took one.
  expect([turn('b', 'd'), turn('f', 'h'), turn('k', 'a'), turn('c', 'e')].map(round.emptyTurn)).toEqual([
    false,
    false,
    false,
    true,
  ])
})
