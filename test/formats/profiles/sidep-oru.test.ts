import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeclarationDocument } from '../../../src/domain/declaration-document.ts'
import { analytes, consents, screeningResults, symptomBands } from '../../../src/domain/screening.ts'
import { findSegment, type Hl7Message, textAt } from '../../../src/formats/hl7v2/message.ts'
import { parseMessage } from '../../../src/formats/hl7v2/parse.ts'
import { findAnalyteOf, findConsentOf, findResultOf, findSymptomBandOf } from '../../../src/formats/profiles/codes.ts'
import { sidepOru } from '../../../src/formats/profiles/sidep-oru.ts'
import { nirOf, someAct, someDocument, somePatient } from '../documents.ts'

const writtenAt = new Date('2026-01-15T10:00:00.000Z')
const realIns = { matricule: nirOf('2840299999042'), authority: 'nir' } as const

function linesOf(document: DeclarationDocument): string[] {
  const encoded = sidepOru.encode(document, writtenAt)
  if (!encoded.ok) throw new Error(encoded.problem.code)
  return Buffer.from(encoded.value.bytes).toString('utf8').split('\r')
}

function messageOf(document: DeclarationDocument): Hl7Message {
  const parsed = parseMessage(Buffer.from(linesOf(document).join('\r')))
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value
}

const lineOf = (document: DeclarationDocument, name: string) => linesOf(document).find((line) => line.startsWith(name))
const observations = (message: Hl7Message) => message.segments.filter(({ name }) => name === 'OBX')

describe('the assumed profile', () => {
  test('says in MSH-21 that it is assumed, and never names a published profile', () => {
    expect(lineOf(someDocument, 'MSH')).toBe(
      'MSH|^~\\&|PASSERELLE|1750000010|SI-DEP|SI-DEP|20260115110000+0100||ORU^R01^ORU_R01|K7PZ3M0Q9X1A|T|2.5|||||FRA|UNICODE UTF-8|||1.0^PASSERELLE_SIDEP_ASSUMED',
    )
  })

  test('the patient stands under the INS and our own id, with both names, birthplace and identity status', () => {
    const pid = findSegment(messageOf(someDocument), 'PID')
    if (!pid) throw new Error('no PID')
    expect(pid.fields[2]).toEqual([
      [['284029999904288'], [''], [''], ['ASIP-SANTE-INS-NIR', '1.2.250.1.213.1.4.10', 'ISO'], ['INS']],
      [[someDocument.screeningId], [''], [''], ['PASSERELLE'], ['PI']],
    ])
    expect(textAt(pid, 5)).toBe("D'ARTAGNAN-LEFÈVRE")
    expect(textAt(pid, 5, { component: 3 })).toBe('MARIE ZOÉ')
    expect(textAt(pid, 5, { repetition: 2, component: 7 })).toBe('D')
    expect([textAt(pid, 7), textAt(pid, 8), textAt(pid, 32)]).toEqual(['19840229', 'F', 'VALI'])
    expect(textAt(pid, 11, { repetition: 2, component: 9 })).toBe('2A004')
    expect(textAt(pid, 13, { component: 12 })).toBe('+33612345678')
    expect(textAt(pid, 13, { repetition: 2, component: 4 })).toBe('zoe.noel@exemple.test')
  })

  test('a patient of whom only the traits are known is declared without inventing the rest', () => {
    const bare = {
      ...somePatient,
      usedName: null,
      usedFirstName: null,
      ins: null,
      address: null,
      birthPlaceInsee: null,
      phone: null,
      email: null,
    }
    expect(lineOf({ ...someDocument, patient: bare }, 'PID')).toBe(
      `PID|||${someDocument.screeningId}^^^PASSERELLE^PI||D'ARTAGNAN-LEFÈVRE^MARIE^MARIE ZOÉ^^^^L||19840229|F|||||||||||||||||||||||N|VALI`,
    )
  })

  test('times are those of the wall clock in Paris with its offset, in winter and in summer', () => {
    expect(lineOf(someDocument, 'SPM')).toMatch(/\|20260115104200\+0100$/)
    const summer = { ...someDocument, act: { ...someAct, sampledAt: '2026-07-31T22:30:05.000Z' } }
    expect(lineOf(summer, 'SPM')).toMatch(/\|20260801003005\+0200$/)
    // the hour that October repeats, before and after the change
    const before = { ...someDocument, act: { ...someAct, sampledAt: '2026-10-25T00:30:00.000Z' } }
    const after = { ...someDocument, act: { ...someAct, sampledAt: '2026-10-25T01:30:00.000Z' } }
    expect(lineOf(before, 'SPM')).toMatch(/\|20261025023000\+0200$/)
    expect(lineOf(after, 'SPM')).toMatch(/\|20261025023000\+0100$/)
  })

  test('the test kit rides with the result: UDI under its issuer, EU catalogue id, lot and expiry', () => {
    const [result, kit, lot, expiry] = observations(messageOf(someDocument))
    expect(result?.fields[17]).toEqual([
      [['03700000000017'], [''], ['2.51.1.1'], ['ISO']],
      [['1268'], ['EU-JRC']],
    ])
    expect([kit, lot, expiry].map((obx) => obx && textAt(obx, 5))).toEqual(['1268', 'L42', '20270630'])
  })

  test('free text cannot forge a segment, an observation or a patient', () => {
    const comment = 'RAS\rOBX|9|CWE|94558-4^x^LN||260385009^négatif^SCT||||||F\n~^&\\'
    const message = messageOf({ ...someDocument, act: { ...someAct, comment } })
    const nte = findSegment(message, 'NTE')
    expect(nte && textAt(nte, 3)).toBe(comment)
    expect(observations(message)).toHaveLength(6)
  })

  test('the same document and instant give the same bytes, and the control id is the one given', () => {
    const first = sidepOru.encode(someDocument, writtenAt)
    expect(sidepOru.encode(structuredClone(someDocument), new Date(writtenAt))).toEqual(first)
    expect(first.ok && first.value.controlId).toBe('K7PZ3M0Q9X1A')
  })

  test.each([
    ['production', 'P'],
    ['test', 'T'],
    ['demo', 'D'],
  ] as const)('in the profile %s, MSH-11 is %s', (profile, processingId) => {
    const patient = profile === 'production' ? { ...somePatient, ins: realIns } : somePatient
    expect(lineOf({ ...someDocument, profile, patient }, 'MSH')?.split('|')[10]).toBe(processingId)
  })
})

describe('versions', () => {
  test.each([
    [{ kind: 'original', version: 1, replacesVersion: null }, 'NW', 'F', 'F'],
    [{ kind: 'replacement', version: 2, replacesVersion: 1 }, 'RO', 'C', 'C'],
    [{ kind: 'cancellation', version: 3, replacesVersion: 2 }, 'CA', 'D', 'X'],
  ] as const)('%j agrees in ORC-1, in every OBX-11 and in OBR-25', (version, order, observation, report) => {
    const message = messageOf({ ...someDocument, ...version })
    const orc = findSegment(message, 'ORC')
    const obr = findSegment(message, 'OBR')
    if (!orc || !obr) throw new Error('no order')
    const id = someDocument.screeningId
    expect([textAt(orc, 1), textAt(obr, 25)]).toEqual([order, report])
    expect(new Set(observations(message).map((obx) => textAt(obx, 11)))).toEqual(new Set([observation]))
    expect([textAt(orc, 2), textAt(orc, 3)]).toEqual([id, `${id}-${version.version}`])
    expect([textAt(obr, 2), textAt(obr, 3)]).toEqual([id, `${id}-${version.version}`])
    expect(textAt(orc, 8)).toBe(version.replacesVersion === null ? '' : `${id}-${version.replacesVersion}`)
  })
})

describe('no result is lost, changed or assumed', () => {
  const anyAct = fc.record({
    results: fc.uniqueArray(fc.record({ analyte: fc.constantFrom(...analytes), result: fc.constantFrom(...screeningResults) }), {
      selector: ({ analyte }) => analyte,
      minLength: 1,
    }),
    symptoms: fc.constantFrom(...symptomBands),
    consent: fc.constantFrom(...consents),
    comment: fc.option(fc.string({ unit: 'grapheme', minLength: 1 })),
  })

  test('whatever the act, the message reads back as that act', () => {
    fc.assert(
      fc.property(anyAct, ({ results: [first, ...others], ...act }) => {
        if (!first) throw new Error('no result')
        const document = {
          ...someDocument,
          act: { ...someAct, ...act, results: [first, ...others] },
        } satisfies DeclarationDocument
        const obx = observations(messageOf(document))
        const answerTo = (code: string) => textAt(obx.find((each) => textAt(each, 3) === code) ?? { name: 'OBX', fields: [] }, 5)
        const read = obx
          .filter((each) => textAt(each, 3, { component: 3 }) === 'LN')
          .map((each) => ({ analyte: findAnalyteOf(textAt(each, 3)), result: findResultOf(textAt(each, 5)) }))
        expect(read).toEqual(document.act.results)
        expect(findSymptomBandOf(answerTo('SYMPTOMS'))).toBe(act.symptoms)
        expect(findConsentOf(answerTo('GEN-366'))).toBe(act.consent)
      }),
    )
  })

  const twice = [
    { analyte: 'rsv', result: 'positive' },
    { analyte: 'rsv', result: 'negative' },
  ]
  test.each([
    ['a result that no table holds', { results: [{ analyte: 'sars-cov-2', result: 'weak-positive' }] }, 'unmapped-code', 'OBX-5'],
    ['an analyte that no table holds', { results: [{ analyte: 'constructor', result: 'negative' }] }, 'unmapped-code', 'OBX-3'],
    ['a result that is missing', { results: [{ analyte: 'sars-cov-2' }] }, 'unmapped-code', 'OBX-5'],
    ['no result at all', { results: [] }, 'not-conserved', 'OBX-5'],
    ['two results for one analyte', { results: twice }, 'not-conserved', undefined],
    ['symptoms that no table holds', { symptoms: 'mild' }, 'unmapped-code', 'OBX-5'],
    ['a consent that no table holds', { consent: 'maybe' }, 'unmapped-code', 'OBX-5'],
    [
      'a device of an unknown issuer',
      { testKit: { ...someAct.testKit, udi: { issuer: 'acme', deviceIdentifier: '1' } } },
      'unmapped-code',
      'OBX-18',
    ],
    ['text that no charset can hold', { comment: 'a\ud800' }, 'unreadable-content', undefined],
    ['a comment past the bound of a message', { comment: 'a'.repeat(1_100_000) }, 'message-too-large', undefined],
  ])('%s stops the message', (_case, act, code, location) => {
    // As an older release, or a damaged row, could hand it over.
    const document = { ...someDocument, act: { ...someAct, ...act } } as DeclarationDocument
    const problem = location === undefined ? { code } : { code, location }
    expect(sidepOru.encode(document, writtenAt)).toEqual({ ok: false, problem })
  })

  test.each([
    [{ birthName: '' }, 'missing-trait', 'PID-5'],
    [{ birthFirstName: '' }, 'missing-trait', 'PID-5'],
    [{ birthDate: '' }, 'missing-trait', 'PID-7'],
    [{ sex: 'other' }, 'unmapped-code', 'PID-8'],
    [{ identityStatus: 'NONE' }, 'unmapped-code', 'PID-32'],
    [{ ins: { ...realIns, authority: 'other' } }, 'unmapped-code', 'PID-3.4'],
  ])('a patient with %j is not declared', (traits, code, location) => {
    const document = { ...someDocument, patient: { ...somePatient, ...traits } } as DeclarationDocument
    expect(sidepOru.encode(document, writtenAt)).toEqual({ ok: false, problem: { code, location } })
  })

  test.each([
    ['production', { ...realIns, authority: 'nir-test' }],
    ['production', { ...realIns, authority: 'nir-demo' }],
    ['demo', realIns],
    ['demo', { ...realIns, authority: 'nia' }],
  ] as const)('in the profile %s, an identity of %j goes nowhere', (profile, ins) => {
    const document = { ...someDocument, profile, patient: { ...somePatient, ins } }
    expect(sidepOru.encode(document, writtenAt)).toEqual({ ok: false, problem: { code: 'unmapped-code', location: 'PID-3.4' } })
  })
})
