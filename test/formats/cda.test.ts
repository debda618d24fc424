/** The parts of the document: markup, texts that XML cannot hold, identifiers, the device in words. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kitText, udiText } from '../../src/formats/cda/device.ts'
import { documentOid, documentSetOid, localPatientRoot } from '../../src/formats/cda/document-id.ts'
import { findUnreadableText } from '../../src/formats/cda/unreadable-text.ts'
import { listElements, xml, xmlBytes } from '../../src/formats/cda/xml.ts'
import { readDocument, textOf } from './cda-reading.ts'
import { someAct } from './documents.ts'

const someId = '0f8fad5b-d9cb-469f-a165-70867728950e'
const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units))
const hostileText = fc.oneof(
  anyUnits,
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('<', '>', '&', '"', "'", ']', '[', '!', '-', '?', '\n', '\r', '\t', 'é', '\u{1f9ea}', ';', '#'),
    maxLength: 60,
  }),
)

test('whatever text is not refused comes back unchanged from an element and from an attribute', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      if (findUnreadableText({ text }) !== null) return
      const root = readDocument(xmlBytes(xml('a', { xmlns: 'urn:hl7-org:v3', b: text }, xml('c', null, text))))
      expect(root.getAttribute('b')).toBe(text)
      expect(textOf(root)).toBe(text)
    }),
    { numRuns: 2000 },
  )
})

test('every character that XML 1.0 cannot hold is refused, wherever it stands, and its place is told', () => {
  const illegal = [...Array(0x20).keys()].filter((unit) => ![0x09, 0x0a, 0x0d].includes(unit))
  const surrogates = [0xd800, 0xdbff, 0xdc00, 0xdfff]
  for (const unit of [...illegal, ...surrogates, 0xfffe, 0xffff]) {
    const text = `a${String.fromCharCode(unit)}b`
    expect(findUnreadableText({ patient: { birthName: text } }), `U+${unit.toString(16)}`).toBe('patient.birthName')
    expect(findUnreadableText({ act: { comment: text } }), `U+${unit.toString(16)}`).toBe('act.comment')
    expect(findUnreadableText({ act: { results: [{ analyte: text }] } })).toBe('act.results.0.analyte')
  }
})

test('what a parser would normalise away is refused, save for line breaks in a comment', () => {
  for (const text of ['a\tb', 'a\rb', 'a\r\nb', 'a\u0085b']) {
    expect(findUnreadableText({ act: { comment: text } })).toBe('act.comment')
    expect(findUnreadableText({ name: text })).toBe('name')
  }
  expect(findUnreadableText({ act: { comment: 'a\nb' } })).toBeNull()
  expect(findUnreadableText({ act: { testKit: { lot: 'a\nb' } } })).toBe('act.testKit.lot')
})

test('accents, apostrophes, dashes and characters beyond the first plane are text like any other', () => {
  expect(findUnreadableText({ a: 'ŒÐŞ', b: 'D’AREL', c: "O'NEIL–X", d: '\u{20000}', e: '€ ™ \u00a0' })).toBeNull()
})

test('missing attributes and children leave no trace', () => {
  const element = xml('a', { b: null, c: 'd' }, null, '', xml('e'))
  expect(element.toString()).toBe('<a c="d"><e/></a>')
  expect(listElements(xml('a', null, xml('a', null, xml('a'))), 'a')).toHaveLength(2)
})

test('a document id is the same at every attempt, and another for every version and every screening', () => {
  const other = '0f8fad5b-d9cb-469f-a165-70867728950f'
  expect(documentOid(someId, 1)).toBe(documentOid(someId, 1))
  const ids = [
    documentOid(someId, 1),
    documentOid(someId, 2),
    documentOid(other, 1),
    documentSetOid(someId),
    documentSetOid(other),
  ]
  expect(new Set(ids).size).toBe(ids.length)
})

// A released id must never move: a replacement would then name a document that nobody has.
test('the ids of a known screening are the ones that earlier releases wrote', () => {
  expect(documentSetOid(someId)).toBe('2.25.20684434521572431564404614332563363086')
  expect(documentOid(someId, 1)).toBe('2.25.256149953110282206358653676760516233424')
  expect(documentOid(someId, 2)).toBe('2.25.311182161800806586183665136225058510487')
})

test('ids are whole OIDs of at most 64 characters, under the arc of UUIDs, marked as UUIDs of version 8', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(fc.uuid(), fc.integer({ min: 1, max: 1000 }), (screeningId, version) => {
      for (const oid of [documentOid(screeningId, version), documentSetOid(screeningId), localPatientRoot]) {
        expect(oid).toMatch(/^2\.25\.(0|[1-9]\d{0,38})$/)
        expect(oid.length).toBeLessThanOrEqual(64)
      }
      const uuid = BigInt(documentOid(screeningId, version).slice(5)).toString(16).padStart(32, '0')
      expect(uuid.charAt(12)).toBe('8')
      expect('89ab').toContain(uuid.charAt(16))
    }),
  )
})

test('an id is made of a screening and a version only', () => {
  expect(() => documentOid('not-an-id', 1)).toThrow('UUID')
  expect(() => documentSetOid(someId.toUpperCase())).toThrow('UUID')
  for (const version of [0, -1, 1.5, Number.NaN]) expect(() => documentOid(someId, version)).toThrow('count from 1')
})

test('a GS1 identifier carries expiry and lot as the box prints them, as far as they are known', () => {
  const udi = { issuer: 'gs1', deviceIdentifier: '00686597200018' } as const
  const kit = { ...someAct.testKit, udi, lot: 'A12345', expiry: '2026-09-30' }
  expect(udiText(udi, kit)).toBe('(01)00686597200018(17)260930(10)A12345')
  expect(udiText(udi, { ...kit, lot: null })).toBe('(01)00686597200018(17)260930')
  expect(udiText(udi, { ...kit, expiry: null })).toBe('(01)00686597200018(10)A12345')
})

test('a lot that GS1 cannot hold, and identifiers of other issuers, add nothing that could be misread', () => {
  const udi = { issuer: 'gs1', deviceIdentifier: '00686597200018' } as const
  for (const lot of ['A(10)B', 'LOT É', 'x'.repeat(21), 'A B'])
    expect(udiText(udi, { ...someAct.testKit, lot, expiry: null })).toBe('(01)00686597200018')
  const hibcc = { issuer: 'hibcc', deviceIdentifier: '+A99912345' } as const
  expect(udiText(hibcc, someAct.testKit)).toBe('+A99912345')
  expect(udiText({ issuer: 'gs1', deviceIdentifier: '123456' }, someAct.testKit)).toBe('123456')
})

test('the kit in words keeps its four parts, and says which were not captured', () => {
  const kit = { ...someAct.testKit, maker: 'Fabricant', name: 'Test', lot: null, expiry: null }
  expect(kitText(kit)).toBe('Fabricant | Test | lot non renseigné | péremption non renseignée')
  expect(kitText({ ...kit, lot: 'L1', expiry: '2027-06-30' })).toBe('Fabricant | Test | L1 | 30/06/2027')
})
