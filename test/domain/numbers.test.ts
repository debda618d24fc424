/** The numbers of French health: NIR, RPPS, FINESS, their keys and their shapes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nationalStructureIdOf, parseFiness } from '../../src/domain/finess.ts'
import { identityStatuses, insAuthorities, insOid } from '../../src/domain/ins.ts'
import { luhnValid } from '../../src/domain/luhn.ts'
import { keyOf, parseNir } from '../../src/domain/nir.ts'
import { nationalIdOf, parseRpps, type Rpps, rppsKeyHolds } from '../../src/domain/rpps.ts'

/** The rule of the key in other words: 97 divides number × 100 + key − 97 … that is, number + key. */
const keyHolds = (nir: string) => {
  const digits = nir.slice(0, 13).replace('2A', '19').replace('2B', '18')
  return (BigInt(digits) + BigInt(nir.slice(13))) % 97n === 0n
}

describe('a NIR', () => {
  test.for([
    ['the published sample', '279035121518989'],
    ['spaces as on the card', '2 79 03 51 215 189 89'],
    ['no-break and narrow spaces', '2\u00a079\u202f03\u00a051\u00a0215\u00a0189\u00a089'],
  ] as const)('is read: %s', ([, text]) => {
    expect(parseNir(text)).toEqual({ ok: true, value: '279035121518989' })
  })

  test('with the published wrong key is refused, and with its right key, 26, is read', () => {
    expect(parseNir('276037510669380')).toEqual({ ok: false, problem: 'bad-key' })
    expect(keyOf('2760375106693')).toBe('26')
    expect(parseNir('276037510669326').ok).toBe(true)
  })

  test.for([
    ['2A counts as 19', '290012A004012', '1900119004012'.replace('19001', '29001')],
    ['2B counts as 18', '100532B033107', '1005318033107'],
  ] as const)('of Corsica has its key: %s', ([, number, asDigits]) => {
    expect(keyOf(number)).toBe(keyOf(asDigits))
    const text = number + keyOf(number)
    expect(parseNir(text)).toEqual({ ok: true, value: text })
    expect(parseNir(text.toLowerCase())).toEqual({ ok: true, value: text })
  })

  test('of Corsica does not open with the key of the other department', () => {
    expect(parseNir(`290012A004012${keyOf('290012B004012')}`)).toEqual({ ok: false, problem: 'bad-key' })
  })

  test('is never refused on its month: 20–30 and 50 and above exist', () => {
    for (let month = 0; month <= 99; month++) {
      const number = `185${String(month).padStart(2, '0')}75110012`.slice(0, 13).padEnd(13, '1')
      expect(parseNir(number + keyOf(number)).ok).toBe(true)
    }
  })

  test('says its sex with 1, 2, 3, 4, 7 or 8, and with no other digit', () => {
    const read = Array.from({ length: 10 }, (_, first) => `${first}790351215189`).map((n) => parseNir(n + keyOf(n)).ok)
    expect(read.map((isRead, first) => (isRead ? first : null)).filter((first) => first !== null)).toEqual([1, 2, 3, 4, 7, 8])
  })

  test.for([
    ['empty', ''],
    ['without its key', '2790351215189'],
    ['a digit too many', '2790351215189890'],
    ['10 000 digits', '2'.repeat(10_000)],
  ] as const)('%s is not fifteen characters', ([, text]) => {
    expect(parseNir(text)).toEqual({ ok: false, problem: 'not-fifteen-characters' })
  })

  test.for([
    ['a letter', '27903512151898O'],
    ['letters elsewhere than in the department', '2790351A1518989'],
    ['2C is no department', '279032C21518989'],
    ['Arabic-Indic digits', '٢٧٩٠٣٥١٢١٥١٨٩٨٩'],
    ['full-width digits', '２79035121518989'],
    ['a NUL', '27903512151898\0'],
    ['a right-to-left mark', '\u200f7903512151898 9'.replace(' ', '')],
  ] as const)('with %s has a bad shape', ([, text]) => {
    expect(parseNir(text)).toEqual({ ok: false, problem: 'bad-shape' })
  })

  test('is read under one key only, and the key always has two digits', () => {
    const department = fc.oneof(
      fc.integer({ min: 1, max: 99 }).map((n) => String(n).padStart(2, '0')),
      fc.constantFrom('2A', '2B'),
    )
    const rest = fc.integer({ min: 0, max: 999_999 }).map((n) => String(n).padStart(6, '0'))
    const start = fc.integer({ min: 0, max: 9999 }).map((n) => String(n).padStart(4, '0'))
    fc.assert(
      fc.property(fc.constantFrom('1', '2', '3', '4', '7', '8'), start, department, rest, (sex, a, b, c) => {
        const number = sex + a + b + c
        const keys = Array.from({ length: 100 }, (_, key) => String(key).padStart(2, '0'))
        const right = keys.filter((key) => parseNir(number + key).ok)
        expect(right).toEqual([keyOf(number)])
        expect(keyHolds(number + keyOf(number))).toBe(true)
        expect(Number(keyOf(number))).toBeGreaterThan(0)
      }),
    )
  })

  test('with one digit wrong, or two neighbours swapped, never passes', () => {
    const nir = '279035121518989'
    for (let i = 1; i < 15; i++) {
      for (const digit of '0123456789') {
        if (digit === nir[i]) continue
        expect(parseNir(nir.slice(0, i) + digit + nir.slice(i + 1)).ok).toBe(false)
      }
      const swapped = nir.slice(0, i - 1) + nir[i] + nir[i - 1] + nir.slice(i + 1)
      if (swapped !== nir) expect(parseNir(swapped).ok).toBe(false)
    }
  })
})

describe('an RPPS number', () => {
  test('is eleven digits, spaces ignored', () => {
    expect(parseRpps('10123456781')).toEqual({ ok: true, value: '10123456781' })
    expect(parseRpps('1 0123 45678 1')).toEqual({ ok: true, value: '10123456781' })
  })

  test.for(['', '1012345678', '101234567810', '1012345678A', '+1012345678', '10123456781\n', '１0123456781'])(
    '%j is refused',
    (text) => {
      expect(parseRpps(text)).toEqual({ ok: false, problem: 'not-eleven-digits' })
    },
  )

  test('whose key fails is read, since the agency’s own samples fail it, and the failure can be told', () => {
    expect(parseRpps('10123456780').ok).toBe(true)
    expect(rppsKeyHolds('10123456780' as Rpps)).toBe(false)
    expect(rppsKeyHolds('10123456781' as Rpps)).toBe(true)
  })

  test('becomes a national id behind the digit 8', () => {
    expect(nationalIdOf('10123456781' as Rpps)).toBe('810123456781')
  })
})

describe('a FINESS number', () => {
  test.for(['750023459', '75 002 345 9', '130000011'])('with its key is read: %s', (text) => {
    expect(parseFiness(text)).toEqual({ ok: true, value: text.replaceAll(' ', '') })
  })

  test('with a wrong key is refused, whichever of the nine other digits stands there', () => {
    for (let key = 0; key <= 9; key++)
      if (key !== 9) expect(parseFiness(`75002345${key}`)).toEqual({ ok: false, problem: 'bad-check-digit' })
  })

  test('of Corsica holds a letter, in either case, and has no key', () => {
    expect(parseFiness('2a0000123')).toEqual({ ok: true, value: '2A0000123' })
    expect(parseFiness('2B0000123')).toEqual({ ok: true, value: '2B0000123' })
  })

  test.for(['', '75002345', '7500234591', '2C0000123', 'A20000123', '75002345A', '750023459\n'])('%j is refused', (text) => {
    expect(parseFiness(text)).toEqual({ ok: false, problem: 'not-nine-characters' })
  })

  test('becomes a national structure id behind the digit 1', () => {
    const finess = parseFiness('750023459')
    expect(finess.ok && nationalStructureIdOf(finess.value)).toBe('1750023459')
  })
})

test('Luhn: each number has one right last digit, and a wrong digit is always seen', () => {
  expect(luhnValid('79927398713')).toBe(true) // the example that textbooks give
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999_999 }), fc.nat(7), fc.integer({ min: 1, max: 9 }), (n, place, change) => {
      const number = String(n).padStart(8, '0')
      const valid = Array.from({ length: 10 }, (_, digit) => number + digit).filter(luhnValid)
      expect(valid).toHaveLength(1)
      const right = valid[0] ?? ''
      const other = (Number(right[place]) + change) % 10
      expect(luhnValid(right.slice(0, place) + other + right.slice(place + 1))).toBe(false)
    }),
  )
})

test('the INS authorities have the published OIDs, each its own', () => {
  expect(insAuthorities.map(insOid)).toEqual([
    '1.2.250.1.213.1.4.8',
    '1.2.250.1.213.1.4.9',
    '1.2.250.1.213.1.4.10',
    '1.2.250.1.213.1.4.11',
  ])
  expect(identityStatuses).toEqual(['PROV', 'VALI', 'RECUP', 'QUAL'])
})
