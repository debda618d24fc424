import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Finess } from '../../src/domain/finess.ts'
import { parisDay } from '../../src/domain/paris-time.ts'
import {
  chargeTermsOf,
  dayAfter,
  isParisMonth,
  parisMonth,
  parisMonthBounds,
  priceAt,
  pricesOf,
  shiftMonth,
  type TariffSettings,
} from '../../src/domain/tariff.ts'

const finess = '750023459' as Finess
const settings: TariffSettings = {
  currency: 'EUR',
  vatRateBasisPoints: 2000,
  refundOnCancellation: false,
  tariffs: [
    { id: 'first', amountCents: 100, from: null, to: '2026-06-30' },
    { id: 'second', amountCents: 120, from: '2026-07-01', to: null },
  ],
  pharmacies: [{ finess, tariffs: [{ id: 'agreed', amountCents: 80, from: '2026-03-01', to: '2026-03-31' }] }],
  issuer: null,
}
const priceOn = (instant: string, of: Finess | null = null) => {
  const { tariffId, amountCents } = priceAt(pricesOf(settings, of), new Date(instant))
  return [tariffId, amountCents]
}

describe('the price', () => {
  test('changes at midnight in Paris, which is not midnight in UTC', () => {
    expect(priceOn('2026-06-30T21:59:59.999Z')).toEqual(['first', 100])
    expect(priceOn('2026-06-30T22:00:00.000Z')).toEqual(['second', 120])
  })

  test('agreed with a pharmacy holds between its days, across the switch of summer time, and the default around them', () => {
    expect(priceOn('2026-02-28T22:59:59Z', finess)).toEqual(['first', 100])
    expect(priceOn('2026-02-28T23:00:00Z', finess)).toEqual(['agreed', 80])
    // From 29 March on midnight in Paris is an hour earlier in UTC.
    expect(priceOn('2026-03-31T21:59:59Z', finess)).toEqual(['agreed', 80])
    expect(priceOn('2026-03-31T22:00:00Z', finess)).toEqual(['first', 100])
    expect(priceOn('2026-03-15T12:00:00Z', null)).toEqual(['first', 100])
  })

  test('is nothing where a destination is not billed, or is for trials', () => {
    const terms = (destination: { billed: boolean; test: boolean }) =>
      chargeTermsOf(settings, { destination, finess, profile: 'production' })
    expect(terms({ billed: false, test: false })).toBeNull()
    expect(terms({ billed: true, test: true })).toBeNull()
    expect(terms({ billed: true, test: false })).toMatchObject({ currency: 'EUR', demonstration: false })
    const demo = chargeTermsOf(settings, { destination: { billed: true, test: false }, finess: null, profile: 'demo' })
    expect(demo).toMatchObject({ demonstration: true })
    expect(demo?.prices).toHaveLength(2)
  })

  test('is one at every instant of a century', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), (instant) => {
        expect(priceAt(pricesOf(settings, finess), instant).amountCents).toBeGreaterThan(0)
      }),
    )
  })
})

describe('a month', () => {
  test('begins and ends at midnight in Paris, also where summer time begins or ends within it', () => {
    expect(parisMonthBounds('2026-03')).toEqual({
      firstDay: '2026-03-01',
      lastDay: '2026-03-31',
      from: new Date('2026-02-28T23:00:00Z'),
      until: new Date('2026-03-31T22:00:00Z'),
    })
    expect(parisMonthBounds('2026-10')).toMatchObject({
      from: new Date('2026-09-30T22:00:00Z'),
      until: new Date('2026-10-31T23:00:00Z'),
    })
    expect(parisMonth(new Date('2026-03-31T21:59:59Z'))).toBe('2026-03')
    expect(parisMonth(new Date('2026-03-31T22:00:00Z'))).toBe('2026-04')
  })

  test('of February has its 29th in leap years alone', () => {
    expect(parisMonthBounds('2028-02').lastDay).toBe('2028-02-29')
    expect(parisMonthBounds('2026-02').lastDay).toBe('2026-02-28')
    expect(parisMonth(new Date('2028-02-29T22:59:59Z'))).toBe('2028-02')
    expect(parisMonth(new Date('2028-02-29T23:00:00Z'))).toBe('2028-03')
    expect(dayAfter('2028-02-28')).toBe('2028-02-29')
    expect(dayAfter('2026-02-28')).toBe('2026-03-01')
  })

  test('has one before and one after it, over the turn of a year too', () => {
    expect([shiftMonth('2026-01', -1), shiftMonth('2026-12', 1), shiftMonth('2026-03', -1)]).toEqual([
      '2025-12',
      '2027-01',
      '2026-02',
    ])
  })

  test('is one of this century, written in full and in no other way', () => {
    expect(['2000-01', '2026-12', '2099-09'].filter((text) => !isParisMonth(text))).toEqual([])
    const wrong = ['', '2026', '2026-00', '2026-13', '2026-1', '1999-12', '2026-02-01', ' 2026-02', '2026-02\n', '２０２６-02']
    expect(wrong.filter(isParisMonth)).toEqual([])
  })

  test('of the turn of the year belongs to the year in Paris', () => {
    expect(parisMonth(new Date('2026-12-31T23:00:00Z'))).toBe('2027-01')
    expect(parisMonthBounds('2026-12').until).toEqual(new Date('2026-12-31T23:00:00Z'))
  })

  test('holds the instants whose Paris day lies between its first and its last, and no others', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true }), (instant) => {
        const month = parisMonth(instant)
        const { firstDay, lastDay, from, until } = parisMonthBounds(month)
        const day = parisDay(instant)
        expect(firstDay <= day && day <= lastDay && from <= instant && instant < until).toBe(true)
      }),
    )
  })

  test('that is none is refused', () => {
    for (const text of ['2026-13', '2026-00', '2026-1', '2026', '2026-01-01'])
      expect(() => parisMonthBounds(text)).toThrow(RangeError)
  })
})
