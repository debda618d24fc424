/** The capture form as data: what is read, what is refused and beside which field, and that hostile input only ever becomes problems. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CaptureField,
  type CaptureInput,
  type CaptureRules,
  captureFields,
  type FieldProblemCode,
  fieldProblemCodes,
} from '../../src/domain/capture-fields.ts'
import { parseCapture, resultField } from '../../src/domain/capture-input.ts'
import { keyOf } from '../../src/domain/nir.ts'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { type Act, analytes, screeningResults } from '../../src/domain/screening.ts'
import type { TestKit } from '../../src/domain/test-kit.ts'
import { anyText } from './any-text.ts'

const kits: readonly TestKit[] = [
  { id: '1468', maker: 'Essai & Cie', name: 'Covid simple', analytes: ['sars-cov-2'], udi: null },
  {
    id: 'triple',
    maker: 'Essai & Cie',
    name: 'Covid, grippe A et B',
    analytes: ['sars-cov-2', 'influenza-a', 'influenza-b'],
    udi: { issuer: 'gs1', deviceIdentifier: '03760000000001' },
  },
  { id: 'angine', maker: 'Essai & Cie', name: 'Streptocoque A', analytes: ['strep-a'], udi: null },
]

const rules: CaptureRules = {
  now: new Date('2026-07-15T10:00:00Z'), // noon in Paris
  profile: 'test',
  findTestKit: (id) => kits.find((kit) => kit.id === id) ?? null,
}

const valid: CaptureInput = {
  birthName: 'DUPONT',
  birthFirstName: 'Jeanne',
  sex: 'female',
  birthDate: '1979-03-12',
  sampledAt: '2026-07-15T11:30',
  testKitId: '1468',
  'result.sars-cov-2': 'negative',
  symptoms: 'none',
  consent: 'yes',
}

function problemsOf(changes: CaptureInput, changedRules: Partial<CaptureRules> = {}): string[] {
  const parsed = parseCapture({ ...valid, ...changes }, { ...rules, ...changedRules })
  return parsed.ok ? [] : parsed.problem.map(({ field, code }) => `${field}: ${code}`)
}

function contentOf(changes: CaptureInput, changedRules: Partial<CaptureRules> = {}) {
  const parsed = parseCapture({ ...valid, ...changes }, { ...rules, ...changedRules })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problem))
  return parsed.value
}

describe('a capture', () => {
  test('with the required fields alone is read whole, and what was not said is null', () => {
    expect(contentOf({})).toEqual({
      patient: {
        birthName: 'DUPONT',
        birthFirstName: 'Jeanne',
        birthFirstNames: 'Jeanne',
        usedName: null,
        usedFirstName: null,
        sex: 'female',
        birthDate: '1979-03-12',
        birthPlaceInsee: null,
        ins: null,
        identityStatus: 'PROV',
        address: null,
        phone: null,
        email: null,
      },
      act: {
        sampledAt: '2026-07-15T09:30:00.000Z',
        testKit: { id: '1468', maker: 'Essai & Cie', name: 'Covid simple', udi: null, lot: null, expiry: null },
        results: [{ analyte: 'sars-cov-2', result: 'negative' }],
        consent: 'yes',
        symptoms: 'none',
        comment: null,
      },
    })
  })

  test('with every field is read as typed, tidied', () => {
    const { patient, act } = contentOf({
      birthName: "  N'GUYEN VAN  THÉO ",
      birthFirstName: 'Ð',
      birthFirstNames: 'Ð Jean-Noël',
      usedName: 'O’Brien',
      usedFirstName: 'Zoe\u0308',
      birthDate: '12/03/1979',
      birthPlaceInsee: '2a004',
      insMatricule: '2 79 03 51 215 189 89',
      insAuthority: 'nir',
      identityStatus: 'QUAL',
      addressLine: '12, rue | ^ ~ \\ & <script>',
      postalCode: '75007',
      city: "L'Haÿ-les-Roses",
      phone: '06 12.34-56 78',
      email: 'jeanne+test@exemple.fr',
      testKitId: 'triple',
      kitUdiIssuer: 'hibcc',
      kitUdi: '+H123ABC01234567890',
      kitLot: 'LOT-7 & 8',
      kitExpiry: '31/12/2026',
      'result.sars-cov-2': 'positive',
      'result.influenza-a': 'indeterminate',
      'result.influenza-b': 'unsatisfactory-sample',
      symptoms: 'onset-2-4',
      consent: 'unanswered',
      comment: 'Une ligne\r\nune | autre\tici',
    })
    expect(patient).toEqual({
      birthName: "N'GUYEN VAN THÉO",
      birthFirstName: 'Ð',
      birthFirstNames: 'Ð Jean-Noël',
      usedName: 'O’Brien',
      usedFirstName: 'Zoë',
      sex: 'female',
      birthDate: '1979-03-12',
      birthPlaceInsee: '2A004',
      ins: { matricule: '279035121518989', authority: 'nir-test' },
      identityStatus: 'QUAL',
      address: { line: '12, rue | ^ ~ \\ & <script>', postalCode: '75007', city: "L'Haÿ-les-Roses", country: 'FRA' },
      phone: '+33612345678',
      email: 'jeanne+test@exemple.fr',
    })
    expect(act).toMatchObject({
      testKit: {
        id: 'triple',
        udi: { issuer: 'hibcc', deviceIdentifier: '+H123ABC01234567890' },
        lot: 'LOT-7 & 8',
        expiry: '2026-12-31',
      },
      results: [
        { analyte: 'sars-cov-2', result: 'positive' },
        { analyte: 'influenza-a', result: 'indeterminate' },
        { analyte: 'influenza-b', result: 'unsatisfactory-sample' },
      ],
      comment: 'Une ligne\nune | autre ici',
    })
  })

  test('that is empty names every required field at once, in the order of the page', () => {
    const parsed = parseCapture({}, rules)
    expect(parsed).toEqual({
      ok: false,
      problem: [
        'birthName',
        'birthFirstName',
        'sex',
        'birthDate',
        'sampledAt',
        'testKitId',
        'result.sars-cov-2',
        'symptoms',
        'consent',
      ].map((field) => ({ field, code: 'required' })),
    })
  })

  test('of blanks is empty', () => {
    const blanks = Object.fromEntries(captureFields.map((field) => [field, ' \t\u00a0 ']))
    const empty = parseCapture({}, rules)
    expect(parseCapture(blanks, rules)).toEqual(empty)
  })
})

/** What was captured before, with another consent. */
function actWith(consent: Act['consent']): Act {
  const testKit = { id: '1833', maker: 'AAZ', name: 'COVID-VIRO', udi: null, lot: null, expiry: null }
  const results = [{ analyte: 'sars-cov-2', result: 'negative' }] as const
  return { sampledAt: '2026-01-01T08:00:00.000Z', testKit, results, consent, symptoms: 'none', comment: null }
}

/** One input a code: the promise that each code can happen, and where. */
const cases: Record<FieldProblemCode, readonly (readonly [CaptureField, CaptureInput, Partial<CaptureRules>?])[]> = {
  required: [
    ['birthName', { birthName: ' ' }],
    ['consent', { consent: '' }],
  ],
  'too-long': [
    ['birthName', { birthName: 'A'.repeat(51) }],
    ['birthFirstNames', { birthFirstNames: 'A'.repeat(101) }],
    ['usedName', { usedName: 'A'.repeat(10_000) }],
    ['addressLine', { addressLine: '|'.repeat(121) }],
    ['city', { city: 'A'.repeat(61) }],
    ['comment', { comment: 'a'.repeat(10_000) }],
    ['kitLot', { kitLot: 'A'.repeat(41) }],
    ['kitUdi', { kitUdi: 'A'.repeat(61) }],
  ],
  'forbidden-character': [
    ['birthName', { birthName: 'DU|PONT' }],
    ['birthFirstName', { birthFirstName: '<script>' }],
    ['usedName', { usedName: 'DUPONT\0' }],
    ['usedFirstName', { usedFirstName: 'Zoé 😀' }],
    ['addressLine', { addressLine: 'rue \u202enoitulovéR' }],
    ['city', { city: 'Paris\rMSH|' }],
    ['comment', { comment: 'vu\u0000' }],
    ['kitLot', { kitLot: 'L\u001d1' }],
  ],
  'not-a-choice': [
    ['sex', { sex: 'M' }],
    ['identityStatus', { identityStatus: 'qual' }],
    ['insAuthority', { insAuthority: 'nir-test' }],
    ['result.sars-cov-2', { 'result.sars-cov-2': 'Negative' }],
    ['symptoms', { symptoms: 'onset-0-2' }],
    ['consent', { consent: 'on' }],
    ['kitUdiIssuer', { kitUdiIssuer: 'GS1' }],
  ],
  'not-a-date': [
    ['birthDate', { birthDate: '30/02/1979' }],
    ['birthDate', { birthDate: '1979-13-01' }],
    ['birthDate', { birthDate: '12/03/79' }],
    ['birthDate', { birthDate: '1979-3-12' }],
    ['birthDate', { birthDate: '29/02/1900' }],
    ['kitExpiry', { kitExpiry: '2026-02-29' }],
  ],
  'date-in-future': [
    ['birthDate', { birthDate: '2026-07-16' }],
    ['birthDate', { birthDate: '9999-12-31' }],
  ],
  'date-too-old': [
    ['birthDate', { birthDate: '1900-12-31' }],
    ['birthDate', { birthDate: '0079-03-12' }],
  ],
  'not-a-time': [
    ['sampledAt', { sampledAt: '2026-02-30T10:00' }],
    ['sampledAt', { sampledAt: 'hier' }],
  ],
  'time-does-not-exist': [['sampledAt', { sampledAt: '2026-03-29T02:30' }, { now: new Date('2026-03-29T10:00:00Z') }]],
  'time-in-future': [
    ['sampledAt', { sampledAt: '2026-07-15T12:06' }],
    ['sampledAt', { sampledAt: '2126-07-15T12:06' }],
  ],
  'time-too-old': [['sampledAt', { sampledAt: '2026-07-08T11:59' }]],
  'time-before-birth': [['sampledAt', { sampledAt: '2026-07-13T12:00', birthDate: '2026-07-14' }]],
  'nir-not-fifteen-characters': [['insMatricule', { insMatricule: '2790351215189' }]],
  'nir-bad-shape': [['insMatricule', { insMatricule: '27903512151898O' }]],
  'nir-bad-key': [
    ['insMatricule', { insMatricule: '279035121518988' }],
    ['insMatricule', { insMatricule: '276037510669380', birthDate: '1976-03-01' }],
  ],
  'nir-sex-differs': [
    ['insMatricule', { insMatricule: '279035121518989', sex: 'male' }],
    ['insMatricule', { insMatricule: `1790351215189${keyOf('1790351215189')}` }],
  ],
  'nir-birth-year-differs': [['insMatricule', { insMatricule: '279035121518989', birthDate: '1980-03-12' }]],
  'status-needs-ins': [
    ['identityStatus', { identityStatus: 'QUAL' }],
    ['identityStatus', { identityStatus: 'RECUP' }],
  ],
  'insee-code-bad-shape': [
    ['birthPlaceInsee', { birthPlaceInsee: '7500' }],
    ['birthPlaceInsee', { birthPlaceInsee: '2C004' }],
  ],
  'postal-code-bad-shape': [['postalCode', { postalCode: '75 007' }]],
  'phone-bad-shape': [
    ['phone', { phone: '0612' }],
    ['phone', { phone: '+33 6 12 34' }],
    ['phone', { phone: '+33 7 12 34 56 78 9' }],
    ['phone', { phone: '06 12 34 56 7O' }],
    ['phone', { phone: '+' }],
    ['phone', { phone: '0033' }],
  ],
  'email-bad-shape': [
    ['email', { email: 'jeanne' }],
    ['email', { email: 'jeanne@exemple' }],
    ['email', { email: 'jeanne@@exemple.fr' }],
    ['email', { email: 'jeanne\0@exemple.fr' }],
    ['email', { email: 'jeanne\u202e@exemple.fr' }],
    ['email', { email: '😀@exemple.fr' }],
    ['email', { email: 'a\\b@exemple.fr' }],
    ['email', { email: 'jeanne..d@exemple.fr' }],
    ['email', { email: 'jeanne.@exemple.fr' }],
    ['email', { email: `${'a'.repeat(65)}@exemple.fr` }],
    ['email', { email: `${'a'.repeat(60)}@${`${'b'.repeat(63)}.`.repeat(4)}fr` }],
    ['email', { email: 'jeanne@exemple.fr, b@exemple.fr' }],
  ],
  'unknown-test-kit': [
    ['testKitId', { testKitId: '9999' }],
    ['testKitId', { testKitId: '__proto__' }],
  ],
  'test-kit-expired': [['kitExpiry', { kitExpiry: '2026-07-14' }]],
  'not-read-by-kit': [['result.rsv', { 'result.rsv': 'negative' }]],
  'consent-cannot-return': [
    ['consent', { consent: 'yes' }, { corrects: actWith('no') }],
    ['consent', { consent: 'yes' }, { corrects: actWith('unanswered') }],
  ],
  'udi-bad-shape': [
    ['kitUdi', { kitUdi: '123' }],
    ['kitUdi', { kitUdi: '(01)03760000000001' }],
  ],
}

describe('each code is said beside its field, alone, and nothing is read', () => {
  test.for(fieldProblemCodes.flatMap((code) => cases[code].map((one) => [code, ...one] as const)))(
    '%s beside %s',
    ([code, field, changes, changedRules]) => {
      expect(problemsOf(changes, changedRules)).toEqual([`${field}: ${code}`])
    },
  )
})

describe('problems do not hide one another', () => {
  test('a wrong trait does not hide that the sampling came before the birth', () => {
    expect(problemsOf({ birthName: '', birthDate: '2026-07-14', sampledAt: '2026-07-13T12:00' })).toEqual([
      'birthName: required',
      'sampledAt: time-before-birth',
    ])
  })

  test('an unknown kit does not hide that its box has expired', () => {
    expect(problemsOf({ testKitId: 'unknown', kitExpiry: '2026-07-14' })).toEqual([
      'testKitId: unknown-test-kit',
      'kitExpiry: test-kit-expired',
    ])
  })

  test('everything wrong at once is all said at once', () => {
    const wrong: CaptureInput = {
      birthName: '',
      birthFirstName: 'A|B',
      sex: 'x',
      birthDate: '2030-01-01',
      birthPlaceInsee: '1',
      insMatricule: '1',
      insAuthority: 'x',
      identityStatus: 'x',
      postalCode: '1',
      phone: '1',
      email: '1',
      sampledAt: '1',
      testKitId: '1',
      kitUdiIssuer: 'x',
      kitUdi: '1',
      kitExpiry: '1',
      'result.sars-cov-2': 'x',
      symptoms: 'x',
      consent: 'x',
      comment: '\0',
    }
    const parsed = parseCapture(wrong, rules)
    expect(parsed.ok ? [] : parsed.problem.map(({ field }) => field)).toEqual(Object.keys(wrong))
  })
})

describe('the edges', () => {
  test('a counter clock may run five minutes ahead, and no more', () => {
    expect(problemsOf({ sampledAt: '2026-07-15T12:05' })).toEqual([])
    expect(problemsOf({ sampledAt: '2026-07-15T12:05:01' })).toEqual(['sampledAt: time-in-future'])
  })

  test('a sampling of a week ago is still taken, one minute more is not', () => {
    expect(problemsOf({ sampledAt: '2026-07-08T12:00' })).toEqual([])
    expect(problemsOf({ sampledAt: '2026-07-08T11:59' })).toEqual(['sampledAt: time-too-old'])
  })

  test('somebody born today can be tested today', () => {
    expect(problemsOf({ birthDate: '2026-07-15' })).toEqual([])
  })

  test('just after midnight in Paris, today is today, though UTC still has yesterday', () => {
    const now = new Date('2026-07-14T22:30:00Z') // 00:30 on the 15th in Paris
    expect(problemsOf({ sampledAt: '2026-07-15T00:15', birthDate: '2026-07-15' }, { now })).toEqual([])
    expect(problemsOf({ sampledAt: '2026-07-15T00:15', kitExpiry: '2026-07-14' }, { now })).toEqual([
      'kitExpiry: test-kit-expired',
    ])
    expect(problemsOf({ sampledAt: '2026-07-15T00:15', kitExpiry: '2026-07-15' }, { now })).toEqual([])
  })

  test('a kit may be used on its last day', () => {
    expect(problemsOf({ kitExpiry: '2026-07-15' })).toEqual([])
  })

  test.for([
    ['0612345678', '+33612345678'],
    ['06 12 34 56 78', '+33612345678'],
    ['+33612345678', '+33612345678'],
    ['+33 6 12 34 56 78', '+33612345678'],
    ['+33 (0)6 12 34 56 78', '+33612345678'],
    ['0033 6 12 34 56 78', '+33612345678'],
    ['01.40.20.50.50', '+33140205050'],
    ['+32 470 12 34 56', '+32470123456'],
    ['0032 470 12 34 56', '+32470123456'],
  ] as const)('the phone number %s is kept as %s', ([typed, kept]) => {
    expect(contentOf({ phone: typed }).patient.phone).toBe(kept)
  })

  test.for(['a@b.fr', "o'brien@exemple.fr", 'x|y~z&t^u@exemple.co.uk', 'Jeanne.Dupont_2@sous.domaine.exemple.fr'])(
    'the address %s is kept as typed',
    (email) => {
      expect(contentOf({ email }).patient.email).toBe(email)
    },
  )

  test('a provisional number says no sex, and an unknown sex contradicts none', () => {
    const provisional = `7790351215189${keyOf('7790351215189')}`
    expect(problemsOf({ insMatricule: provisional })).toEqual([])
    expect(problemsOf({ insMatricule: provisional, sex: 'male' })).toEqual([])
    expect(problemsOf({ insMatricule: '279035121518989', sex: 'unknown' })).toEqual([])
  })

  test('outside production a number never passes for a real identity', () => {
    const typed = { insMatricule: '279035121518989', insAuthority: 'nir' }
    const authority = (profile: CaptureRules['profile'], changes: CaptureInput = {}) =>
      contentOf({ ...typed, ...changes }, { profile }).patient.ins?.authority
    expect(authority('demo')).toBe('nir-test')
    expect(authority('test')).toBe('nir-test')
    expect(authority('production')).toBe('nir')
    expect(authority('production', { insAuthority: 'nia' })).toBe('nia')
  })

  test('a kit’s own UDI stands where none was read from the box', () => {
    const results = { 'result.influenza-a': 'negative', 'result.influenza-b': 'negative' }
    expect(contentOf({ testKitId: 'triple', ...results }).act.testKit.udi).toEqual({
      issuer: 'gs1',
      deviceIdentifier: '03760000000001',
    })
    expect(contentOf({ testKitId: 'triple', ...results, kitUdi: '03760000000002' }).act.testKit.udi).toEqual({
      issuer: 'gs1',
      deviceIdentifier: '03760000000002',
    })
  })
})

describe('a result is never made up', () => {
  test('a kit of three analytes asks for three results, and an absent one is missing, not negative', () => {
    expect(problemsOf({ testKitId: 'triple' })).toEqual(['result.influenza-a: required', 'result.influenza-b: required'])
  })

  test('a result that the kit does not read is a mistake, never dropped', () => {
    expect(problemsOf({ testKitId: 'angine', 'result.strep-a': 'positive' })).toEqual(['result.sars-cov-2: not-read-by-kit'])
  })

  test('with an unknown kit what was typed is checked, and not asked for a second time', () => {
    expect(problemsOf({ testKitId: 'x', 'result.sars-cov-2': 'maybe' })).toEqual([
      'testKitId: unknown-test-kit',
      'result.sars-cov-2: not-a-choice',
    ])
    expect(problemsOf({ testKitId: 'x', 'result.sars-cov-2': '', 'result.strep-a': 'positive' })).toEqual([
      'testKitId: unknown-test-kit',
    ])
  })

  test('negative is kept only where exactly "negative" was typed for that analyte', () => {
    const typed = fc.oneof(
      fc.constantFrom<string>(...screeningResults, 'Negative', 'NEGATIVE', 'neg', '0', 'null', '260385009', 'constructor', ''),
      anyText(),
    )
    fc.assert(
      fc.property(
        fc.constantFrom('1468', 'triple', 'angine', 'x'),
        fc.array(typed, { minLength: 5, maxLength: 5 }),
        (kit, texts) => {
          const fields = Object.fromEntries(analytes.map((analyte, index) => [resultField(analyte), texts[index] ?? '']))
          const parsed = parseCapture({ ...valid, testKitId: kit, ...fields }, rules)
          if (!parsed.ok) return
          for (const { analyte, result } of parsed.value.act.results) expect(fields[resultField(analyte)]?.trim()).toBe(result)
          expect(parsed.value.act.results.map(({ analyte }) => analyte)).toEqual(
            kits.find(({ id }) => id === kit)?.analytes.filter((analyte) => analytes.includes(analyte)),
          )
        },
      ),
    )
  })
})

describe('whatever is typed', () => {
  const hostile = fc.oneof(
    anyText(),
    fc.constantFrom(
      '|',
      '^~\\&',
      '\r',
      '\0',
      '<script>alert(1)</script>',
      '\u202e',
      '😀',
      'A'.repeat(10_000),
      '__proto__',
      '\ud800',
    ),
  )
  const plausible: Partial<Record<CaptureField, readonly string[]>> = {
    birthName: ['DUPONT', "D'ANGELO", 'Ð'],
    birthFirstName: ['Jeanne', 'Noe\u0308l'],
    birthFirstNames: ['Jeanne Marie', ''],
    usedName: ['O’Brien', ''],
    sex: ['female', 'male', 'unknown'],
    birthDate: ['1979-03-12', '12/03/1979', '2026-07-14'],
    birthPlaceInsee: ['75107', '2b033', ''],
    insMatricule: ['279035121518989', '2 79 03 51 215 189 89', ''],
    insAuthority: ['nir', 'nia', ''],
    identityStatus: ['PROV', 'QUAL', ''],
    addressLine: ['1 | rue', ''],
    postalCode: ['75007', ''],
    phone: ['06 12 34 56 78', '+32470123456', ''],
    email: ['a@b.fr', ''],
    sampledAt: ['2026-07-15T11:30', '2026-07-14T00:00:30'],
    testKitId: ['1468', 'triple'],
    kitUdi: ['03760000000002', ''],
    kitExpiry: ['2026-12-31', ''],
    'result.sars-cov-2': ['positive', 'negative'],
    'result.influenza-a': ['negative', ''],
    'result.influenza-b': ['negative', ''],
    symptoms: ['none', 'unknown'],
    consent: ['yes', 'no'],
    comment: ['a\r\nb|', ''],
  }
  const fieldOf = (field: CaptureField, hostileWeight: number) =>
    fc.oneof(
      { weight: 100, arbitrary: fc.constantFrom(...(plausible[field] ?? [''])) },
      { weight: hostileWeight, arbitrary: hostile },
    )
  const form = (hostileWeight: number): fc.Arbitrary<CaptureInput> =>
    fc.record(Object.fromEntries(captureFields.map((field) => [field, fieldOf(field, hostileWeight)])) as never, {
      requiredKeys: [],
    })

  test('nothing throws; a refusal names known fields, each once, in the order of the page', () => {
    fc.assert(
      fc.property(form(50), (input) => {
        const parsed = parseCapture(input, rules)
        if (parsed.ok) return
        const fields = parsed.problem.map(({ field }) => field)
        expect(fields.length).toBeGreaterThan(0)
        expect(fields).toEqual(captureFields.filter((field) => fields.includes(field)))
        for (const { code } of parsed.problem) expect(fieldProblemCodes).toContain(code)
      }),
      { numRuns: 500 },
    )
  })

  test('what is accepted holds no hidden character anywhere, and reads back as itself', () => {
    let accepted = 0
    fc.assert(
      fc.property(form(1), (input) => {
        const parsed = parseCapture({ ...valid, ...input }, rules)
        if (!parsed.ok) return
        accepted++
        expect(JSON.stringify(parsed.value).replaceAll('\\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]|\\u|\\[rtbf]/u)
        expect(parseCapture(typedAgain(parsed.value), rules)).toEqual(parsed)
      }),
      { numRuns: 1000 },
    )
    expect(accepted).toBeGreaterThan(50)
  })
})

/** The content as the form would show it for another look. */
function typedAgain({ patient, act }: ReturnType<typeof contentOf>): CaptureInput {
  const { address, ins, ...traits } = patient
  const { testKit } = act as Act
  const all: Partial<Record<CaptureField, string | null | undefined>> = {
    ...traits,
    addressLine: address?.line,
    postalCode: address?.postalCode,
    city: address?.city,
    insMatricule: ins?.matricule,
    insAuthority: ins && 'nir',
    sampledAt: parisDateTimeLocal(new Date(act.sampledAt)) + act.sampledAt.slice(16, 19),
    testKitId: testKit.id,
    kitUdiIssuer: testKit.udi?.issuer,
    kitUdi: testKit.udi?.deviceIdentifier,
    kitLot: testKit.lot,
    kitExpiry: testKit.expiry,
    ...Object.fromEntries(act.results.map(({ analyte, result }) => [resultField(analyte), result])),
    symptoms: act.symptoms,
    consent: act.consent,
    comment: act.comment,
  }
  return Object.fromEntries(Object.entries(all).flatMap(([field, text]) => (text ? [[field, text]] : [])))
}
