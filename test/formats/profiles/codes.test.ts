import fc from 'fast-check'
import { expect, test } from 'vitest'
import { analytes, consents, screeningResults, symptomBands } from '../../../src/domain/screening.ts'
import { udiIssuers } from '../../../src/domain/udi.ts'
import {
  findAnalyteCode,
  findAnalyteOf,
  findConsentCode,
  findConsentOf,
  findResultCode,
  findResultOf,
  findSymptomBandOf,
  findSymptomCode,
  findUdiRoot,
  resultsConserved,
} from '../../../src/formats/profiles/codes.ts'

const bothWays = [
  ['results', screeningResults, findResultCode, findResultOf],
  ['analytes', analytes, findAnalyteCode, findAnalyteOf],
  ['symptom bands', symptomBands, findSymptomCode, findSymptomBandOf],
  ['consents', consents, findConsentCode, findConsentOf],
] as const

test.each(bothWays)(
  'every one of the %s has a code of its own, which means it and nothing else',
  (_name, words, codeOf, wordOf) => {
    const codes = words.map((word) => codeOf(word)?.code ?? '')
    expect(new Set(codes).size).toBe(words.length)
    expect(codes.map((code) => wordOf(code))).toEqual([...words])
  },
)

test('the codes of results and analytes are the published ones', () => {
  expect(screeningResults.map((result) => findResultCode(result)?.code)).toEqual([
    '10828004',
    '260385009',
    '373068000',
    '125154007',
  ])
  expect(analytes.map((analyte) => findAnalyteCode(analyte)?.code)).toEqual([
    '94558-4',
    '80382-5',
    '80383-3',
    '72885-7',
    '78012-2',
  ])
  expect(udiIssuers.map(findUdiRoot)).toEqual(['2.51.1.1', '1.0.15961.10.816', '2.16.840.1.113883.6.18.1.34'])
})

// The codes of the EU certificate live beside ours: "not detected" must not be read as our negative by accident.
test.each(['260373001', '260415000', '419984006', '', 'N', 'negative', '260385009 '])(
  'the result code %j means nothing here',
  (code) => {
    expect(findResultOf(code)).toBeNull()
  },
)

test('no word outside a table has a code, not even those that every object knows', () => {
  const known = new Set<string>([...screeningResults, ...analytes, ...symptomBands, ...consents, ...udiIssuers])
  const word = fc.oneof(fc.string(), fc.constantFrom('constructor', '__proto__', 'toString', 'Negative', 'negative '))
  fc.assert(
    fc.property(
      word.filter((text) => !known.has(text)),
      (text) => {
        for (const find of [findResultCode, findAnalyteCode, findSymptomCode, findConsentCode, findUdiRoot])
          expect(find(text)).toBeNull()
      },
    ),
  )
})

const anyResults = fc.uniqueArray(
  fc.record({ analyte: fc.constantFrom(...analytes), result: fc.constantFrom(...screeningResults) }),
  {
    selector: ({ analyte }) => analyte,
    minLength: 1,
  },
)

test('results are conserved when all come back with their own meaning, in any order', () => {
  fc.assert(
    fc.property(anyResults, (given) => {
      const written = given.map(({ analyte, result }) => ({
        analyteCode: findAnalyteCode(analyte)?.code ?? '',
        resultCode: findResultCode(result)?.code ?? '',
      }))
      expect(resultsConserved(given, written)).toBe(true)
      expect(resultsConserved(given, written.toReversed())).toBe(true)
      // one lost, one written twice, one turned into another
      expect(resultsConserved(given, written.slice(1))).toBe(false)
      expect(resultsConserved(given, [...written, ...written.slice(0, 1)])).toBe(false)
      const changed = given[0]?.result === 'negative' ? '10828004' : '260385009'
      expect(
        resultsConserved(
          given,
          written.map((one, i) => (i === 0 ? { ...one, resultCode: changed } : one)),
        ),
      ).toBe(false)
    }),
  )
})

test('two results for one analyte are never conserved: nobody could say which one holds', () => {
  const twice = [
    { analyte: 'rsv', result: 'positive' },
    { analyte: 'rsv', result: 'negative' },
  ] as const
  const written = [
    { analyteCode: '72885-7', resultCode: '10828004' },
    { analyteCode: '72885-7', resultCode: '260385009' },
  ]
  expect(resultsConserved(twice, written)).toBe(false)
})
