/** Bytes, ids, results, assertions and time arithmetic. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AssertionError, assert, unreachable } from '../../src/base/assert.ts'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { addMs, systemClock } from '../../src/base/clock.ts'
import { isId, randomId } from '../../src/base/ids.ts'
import { fail, ok } from '../../src/base/result.ts'

test('text survives UTF-8 both ways, a leading byte order mark included', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff })), (codes) => {
      const text = String.fromCodePoint(...codes).toWellFormed()
      expect(fromUtf8(utf8(text))).toBe(text)
    }),
  )
  expect(fromUtf8(utf8('\ufeffÐ'))).toBe('\ufeffÐ')
})

test.for([
  ['a cut sequence', [0xc3]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['Latin-9', [0x44, 0xe9]],
] as const)('%s is refused, never replaced by an invented character', ([, bytes]) => {
  expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(TypeError)
})

test('an id is a lower-case UUID and nothing else', () => {
  expect(isId(randomId())).toBe(true)
  const id = '6f1f0c5a-9f0e-4f0e-8a77-0123456789ab'
  expect(isId(id)).toBe(true)
  for (const other of [
    '',
    id.toUpperCase(),
    `${id} `,
    `${id}\n`,
    `{${id}}`,
    ` ${id}`,
    `x\n${id}`,
    id.replaceAll('-', ''),
    `${id}'--`,
    '1',
  ])
    expect(isId(other)).toBe(false)
})

test('ids are random: neither their order nor their time can be read from them', () => {
  const ids = Array.from({ length: 1000 }, randomId)
  expect(new Set(ids).size).toBe(1000)
  expect(ids.every((id) => id.charAt(14) === '4')).toBe(true)
  expect([...ids].sort()).not.toEqual(ids)
})

test('an assertion throws its fixed text, and passes what holds', () => {
  expect(() => assert(true, 'holds')).not.toThrow()
  for (const falsy of [false, 0, '', null, undefined]) expect(() => assert(falsy, 'does not hold')).toThrow(AssertionError)
})

test('an arm that cannot be reached names no value when it is', () => {
  expect(() => unreachable('DUPONT' as never)).toThrow(new AssertionError('unreachable: string'))
})

test('results say which of the two they are', () => {
  expect(ok(1)).toEqual({ ok: true, value: 1 })
  expect(fail('why')).toEqual({ ok: false, problem: 'why' })
})

test('the system clock tells the time, and time moves by milliseconds either way', () => {
  const before = new Date()
  const now = systemClock.now()
  expect(now.getTime() - before.getTime()).toBeLessThan(60_000)
  expect(now.getTime()).toBeGreaterThanOrEqual(before.getTime())
  expect(addMs(new Date('2026-03-29T00:59:59.999Z'), 1).toISOString()).toBe('2026-03-29T01:00:00.000Z')
  expect(addMs(new Date(0), -1).getTime()).toBe(-1)
})
