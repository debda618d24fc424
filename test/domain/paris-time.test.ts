/** The Paris clock: the hour that March skips, the hour that October repeats, and days of 23, 24 and 25 hours. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parisDateTimeLocal, parisDay, parisDayBounds, parisWallTime, parseParisDateTime } from '../../src/domain/paris-time.ts'

const read = (text: string) => {
  const parsed = parseParisDateTime(text)
  return parsed.ok ? parsed.value.toISOString() : parsed.problem
}

describe('reading what was typed', () => {
  test.for([
    ['2026-01-15T10:30', '2026-01-15T09:30:00.000Z'],
    ['2026-07-15T10:30', '2026-07-15T08:30:00.000Z'],
    ['2026-07-15 10:30', '2026-07-15T08:30:00.000Z'],
    ['2026-07-15T10:30:59', '2026-07-15T08:30:59.000Z'],
    ['2026-01-01T00:00', '2025-12-31T23:00:00.000Z'],
    ['2028-02-29T12:00', '2028-02-29T11:00:00.000Z'],
  ] as const)('%s is %s', ([text, instant]) => {
    expect(read(text)).toBe(instant)
  })

  test('the hour that the March change skips does not exist; the minutes on either side do', () => {
    expect(read('2026-03-29T01:59')).toBe('2026-03-29T00:59:00.000Z')
    for (const skipped of ['2026-03-29T02:00', '2026-03-29T02:30', '2026-03-29T02:59:59'])
      expect(read(skipped)).toBe('time-does-not-exist')
    expect(read('2026-03-29T03:00')).toBe('2026-03-29T01:00:00.000Z')
  })

  test('in the hour that October repeats, the first one is meant', () => {
    expect(read('2026-10-25T01:59')).toBe('2026-10-24T23:59:00.000Z')
    expect(read('2026-10-25T02:00')).toBe('2026-10-25T00:00:00.000Z')
    expect(read('2026-10-25T02:59')).toBe('2026-10-25T00:59:00.000Z')
    expect(read('2026-10-25T03:00')).toBe('2026-10-25T02:00:00.000Z')
  })

  test.for([
    '',
    'hier',
    '15/01/2026 10:30',
    '2026-01-15',
    '2026-1-15T10:30',
    '2026-01-15T10',
    '2026-01-15T24:00',
    '2026-01-15T10:60',
    '2026-01-15T10:30:60',
    '2026-02-29T10:00',
    '2026-02-30T10:00',
    '2026-13-01T10:00',
    '2026-00-01T10:00',
    '2026-01-00T10:00',
    '0000-01-01T10:00',
    '0026-01-15T10:00',
    '0099-12-31T10:00',
    '12026-01-15T10:30',
    '2026-01-15T10:30Z',
    '2026-01-15T10:30+01:00',
    ' 2026-01-15T10:30',
    '2026-01-15T10:30\n',
    '٢٠٢٦-٠١-١٥T١٠:٣٠',
  ])('%j is no time', (text) => {
    expect(read(text)).toBe('not-a-time')
  })

  test('what is shown reads back as the same minute, but for the repeated hour, which reads as its first', () => {
    const from = Date.parse('2020-01-01T00:00:00Z')
    const minutes = fc.integer({ min: 0, max: 15 * 366 * 24 * 60 })
    fc.assert(
      fc.property(minutes, (minute) => {
        const instant = new Date(from + minute * 60_000)
        const parsed = parseParisDateTime(parisDateTimeLocal(instant))
        expect(parsed.ok).toBe(true)
        if (!parsed.ok) return
        expect(parisDateTimeLocal(parsed.value)).toBe(parisDateTimeLocal(instant))
        expect([0, 3_600_000]).toContain(instant.getTime() - parsed.value.getTime())
      }),
      { numRuns: 500 },
    )
    for (const minute of [0, 30, 59]) {
      const second = new Date(Date.parse('2026-10-25T01:00:00Z') + minute * 60_000)
      expect(read(parisDateTimeLocal(second))).toBe(new Date(second.getTime() - 3_600_000).toISOString())
    }
  })
})

describe('the wall clock', () => {
  test('has the offset of its season, to the second of the change', () => {
    const at = (instant: string) => {
      const { day, hour, minute, second, offset } = parisWallTime(new Date(instant))
      return `${day} ${hour}:${minute}:${second}${offset}`
    }
    expect(at('2026-03-29T00:59:59.999Z')).toBe('29 01:59:59+0100')
    expect(at('2026-03-29T01:00:00.000Z')).toBe('29 03:00:00+0200')
    expect(at('2026-10-25T00:59:59.999Z')).toBe('25 02:59:59+0200')
    expect(at('2026-10-25T01:00:00.000Z')).toBe('25 02:00:00+0100')
    expect(at('2026-06-30T22:00:00.000Z')).toBe('01 00:00:00+0200')
  })

  test('never says hour 24', () => {
    expect(parisWallTime(new Date('2025-12-31T23:00:00Z'))).toMatchObject({ year: '2026', month: '01', day: '01', hour: '00' })
  })

  test('puts an instant into the day at the counter, not into the day in UTC', () => {
    expect(parisDay(new Date('2026-07-14T22:30:00Z'))).toBe('2026-07-15')
    expect(parisDay(new Date('2026-01-14T22:30:00Z'))).toBe('2026-01-14')
    expect(parisDateTimeLocal(new Date('2026-07-14T22:30:59Z'))).toBe('2026-07-15T00:30')
  })
})

describe('the bounds of a day', () => {
  test.for([
    ['2026-01-15', 24],
    ['2026-03-29', 23],
    ['2026-10-25', 25],
    ['2026-12-31', 24],
    ['2028-02-29', 24],
  ] as const)('%s has %i hours', ([day, hours]) => {
    const { from, until } = parisDayBounds(day)
    expect((until.getTime() - from.getTime()) / 3_600_000).toBe(hours)
    expect([from, new Date(until.getTime() - 1)].map(parisDay)).toEqual([day, day])
    expect([new Date(from.getTime() - 1), until].map(parisDay)).not.toContain(day)
  })

  test('touch from day to day, so that no instant falls between two or into both', () => {
    let day = '2026-01-01'
    for (let count = 0; count < 366; count++) {
      const { until } = parisDayBounds(day)
      day = parisDay(until)
      expect(parisDayBounds(day).from).toEqual(until)
    }
    expect(day).toBe('2027-01-02')
  })

  test.for(['', 'today', '2026-02-30', '2026-1-1', '2026-01-01T00:00', '0050-01-01', '9999-12-31', '-1'])(
    '%j is no day',
    (day) => {
      expect(() => parisDayBounds(day)).toThrow(RangeError)
    },
  )
})
