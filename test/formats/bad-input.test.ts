/** What must never leave: each bad input by its name, refused before sending in every format, with a sentence for a person. */
import { describe, expect, test } from 'vitest'
import { ansOruCdaDefaults } from '../../src/domain/ans-oru-cda-settings.ts'
import { parseCapture } from '../../src/domain/capture-input.ts'
import type { DeclarationDocument } from '../../src/domain/declaration-document.ts'
import type { FailureCode } from '../../src/domain/failure-codes.ts'
import type { TestKit } from '../../src/domain/test-kit.ts'
import type { Format } from '../../src/formats/format.ts'
import { createAnsOruCda } from '../../src/formats/profiles/ans-oru-cda.ts'
import { bioTrod } from '../../src/formats/profiles/bio-trod.ts'
import { sidepOru } from '../../src/formats/profiles/sidep-oru.ts'
import { failureText } from '../../src/web/text-fr-failures.ts'
import { someAct, someDocument, somePatient } from './documents.ts'

const formats: Record<string, Format> = {
  'bio-trod': bioTrod,
  'ans-oru-cda': createAnsOruCda(ansOruCdaDefaults),
  'sidep-oru': sidepOru,
}
const published = ['bio-trod', 'ans-oru-cda']
const every = Object.keys(formats)

/** As a damaged row, or one that an older release sealed, could hand it over: the types cannot be trusted. */
const withAct = (part: object) => ({ ...someDocument, act: { ...someAct, ...part } }) as DeclarationDocument
const withPatient = (part: object) => ({ ...someDocument, patient: { ...somePatient, ...part } }) as DeclarationDocument
const result = (word: unknown) => withAct({ results: [{ analyte: 'sars-cov-2', result: word }] })
const udi = (issuer: string) => ({ testKit: { ...someAct.testKit, udi: { issuer, deviceIdentifier: '03700000000017' } } })

/** The code of the refusal; null where bytes were written. */
function refusalOf(format: string, document: DeclarationDocument): FailureCode | null {
  const encoded = formats[format]?.encode(document, new Date(document.signedAt))
  return encoded === undefined || encoded.ok ? null : encoded.problem.code
}

function expectRefused(names: readonly string[], document: DeclarationDocument, code: FailureCode): void {
  for (const name of names) expect([name, refusalOf(name, document)]).toEqual([name, code])
  const { what, mend } = failureText[code]
  for (const sentence of [what, mend]) expect(sentence).toMatch(/^\p{Lu}.{20,}\.$/u)
}

test('the same declaration in order is refused by no format: what follows is refused for its fault alone', () => {
  for (const name of every) expect([name, refusalOf(name, someDocument)]).toEqual([name, null])
})

describe('a code that no table maps', () => {
  test.each([
    ['a result of another system', result('detected')],
    ['a result that is missing', result(undefined)],
    ['a result that is empty', result('')],
    ['a result in capitals', result('NEGATIVE')],
    ['a name that every object has', result('constructor')],
    ['an analyte', withAct({ results: [{ analyte: 'ebola', result: 'negative' }] })],
    ['symptoms', withAct({ symptoms: 'mild' })],
    ['a consent', withAct({ consent: 'maybe' })],
    ['a sex', withPatient({ sex: 'other' })],
    ['an identity status', withPatient({ identityStatus: 'VIDE' })],
    ['an issuer of device identifiers', withAct(udi('acme'))],
  ])('%s', (_case, document) => {
    expectRefused(every, document, 'unmapped-code')
  })

  test('no result at all is no negative one', () => {
    expectRefused(every, withAct({ results: [] }), 'not-conserved')
  })
})

describe('a missing birth name', () => {
  test.each(['', ' ', '\u00a0'])('%j in what was stored', (birthName) => {
    expectRefused(every, withPatient({ birthName }), 'missing-trait')
  })

  test('at the counter: the field is asked for, and the used name is never taken for it', () => {
    expect(problemsOf({ ...typed, birthName: '', usedName: 'NOËL' })).toEqual([{ field: 'birthName', code: 'required' }])
  })
})

describe('a kit without UDI', () => {
  test('where the document names the device by it', () => {
    expectRefused(published, withAct({ testKit: { ...someAct.testKit, udi: null } }), 'kit-without-udi')
  })

  test('in the assumed profile names the device by its European id alone, and makes none up', () => {
    const encoded = sidepOru.encode(withAct({ testKit: { ...someAct.testKit, udi: null } }), new Date(someDocument.signedAt))
    const text = encoded.ok ? Buffer.from(encoded.value.bytes).toString() : ''
    expect(/^OBX\|1\|.*$/m.exec(text.replaceAll('\r', '\n'))?.[0].split('|')[18]).toBe('1268^EU-JRC')
  })
})

describe('a time in the lost hour of the March change', () => {
  test.each(['2026-03-29T02:00', '2026-03-29T02:30', '2026-03-29T02:59'])('%s', (sampledAt) => {
    const now = new Date('2026-03-29T10:00:00Z')
    expect(problemsOf({ ...typed, sampledAt }, now)).toEqual([{ field: 'sampledAt', code: 'time-does-not-exist' }])
  })
})

describe('a text with every character that XML cannot hold', () => {
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => String.fromCharCode(from + at))
  const illegal = [...range(0x00, 0x08), ...range(0x0b, 0x0c), ...range(0x0e, 0x1f), ...range(0xd800, 0xdfff), '\ufffe', '\uffff']

  test('together, and each alone, in a comment and in a name', () => {
    expectRefused(published, withAct({ comment: `Prélèvement ${illegal.join(' ')} nasal` }), 'unreadable-content')
    for (const character of illegal) {
      expect(refusalOf('bio-trod', withAct({ comment: `a${character}b` }))).toBe('unreadable-content')
      expect(refusalOf('bio-trod', withPatient({ birthName: `a${character}b` }))).toBe('unreadable-content')
    }
  })

  test('at the counter: refused in the field where it was typed', () => {
    // The lone surrogates are one case for the counter: the first, the last, and where their two kinds meet.
    const kinds = illegal.filter((one) => !/[\ud801-\udbfe\udc01-\udffe]/.test(one))
    for (const character of kinds) {
      expect(problemsOf({ ...typed, comment: `a${character}b` }).map(({ field }) => field)).toEqual(['comment'])
      expect(problemsOf({ ...typed, birthName: `a${character}b` }).map(({ field }) => field)).toEqual(['birthName'])
    }
  })
})

describe('a message of 600 KB', () => {
  test('counted as it leaves: what is carried in Base64 grows by a third', () => {
    expectRefused(every, withAct({ comment: 'x'.repeat(600_000) }), 'message-too-large')
    expect(refusalOf('ans-oru-cda', withAct({ comment: 'x'.repeat(450_000) }))).toBe('message-too-large')
  })

  test('at the counter: a comment of 1 001 characters is refused in its field', () => {
    expect(problemsOf({ ...typed, comment: 'x'.repeat(1_001) })).toEqual([{ field: 'comment', code: 'too-long' }])
  })
})

const kit: TestKit = { id: '1268', maker: 'Fabricant d’essai', name: 'Test Ag', analytes: ['sars-cov-2'], udi: null }
const typed = {
  birthName: 'LEFÈVRE',
  birthFirstName: 'MARIE',
  birthDate: '1984-02-29',
  sex: 'female',
  testKitId: '1268',
  'result.sars-cov-2': 'negative',
  sampledAt: '2026-03-28T10:00',
  symptoms: 'none',
  consent: 'yes',
}

function problemsOf(fields: Record<string, string>, now = new Date('2026-03-28T10:00:00Z')) {
  const read = parseCapture(fields, { now, profile: 'production', findTestKit: (id) => (id === kit.id ? kit : null) })
  return read.ok ? [] : read.problem.map(({ field, code }) => ({ field, code }))
}
