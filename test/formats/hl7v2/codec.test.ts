import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeMessage, messageText } from '../../../src/formats/hl7v2/encode.ts'
import { type Hl7Message, messageBytesMax, messageHeader, segment, textAt } from '../../../src/formats/hl7v2/message.ts'
import { parseMessage } from '../../../src/formats/hl7v2/parse.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const message = (...lines: readonly string[]) => Buffer.from(lines.join('\r'), 'utf8')

function parsed(bytes: Uint8Array): Hl7Message {
  const result = parseMessage(bytes)
  if (!result.ok) throw new Error(result.problem)
  return result.value
}

function encoded(from: Hl7Message): Uint8Array {
  const result = encodeMessage(from)
  if (!result.ok) throw new Error(result.problem)
  return result.value
}

const punctuation = [...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~']
const anyDelimiters = fc.oneof(
  fc.constant(['|', '^~\\&'] as const),
  fc
    .uniqueArray(fc.constantFrom(...punctuation), { minLength: 5, maxLength: 6 })
    .map(([first = '', ...others]) => [first, others.join('')] as const),
)
/** Text that leans on everything with a meaning: delimiters, escape sequences written out, line breaks, control characters. */
const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: fc.constantFrom(...'|^~\\&#\r\n\v\x1c\x00\tXFSTRE0D.br'), maxLength: 12 }) },
)
const oneOrMore = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 })
const anyField = oneOrMore(oneOrMore(oneOrMore(anyText)))
const anySegment = fc.record({
  name: fc.stringMatching(/^[A-Z][A-Z0-9]{2}$/).filter((name) => name !== 'MSH'),
  fields: fc.array(anyField, { maxLength: 4 }),
})

/** A message in its canonical form: no list is empty, and the charset can hold any text. */
const anyMessage = fc
  .record({
    delimiters: anyDelimiters,
    header: fc.array(anyField, { minLength: 15, maxLength: 15 }),
    segments: fc.array(anySegment, { maxLength: 5 }),
  })
  .map(({ delimiters: [separator, characters], header, segments }) => ({
    segments: [{ name: 'MSH', fields: [[[[separator]]], [[[characters]]], ...header, [[['UNICODE UTF-8']]]] }, ...segments],
  }))

describe('what is written is what is read', () => {
  test('any message comes back whole, whatever its delimiters and its text', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(anyMessage, (given) => {
        expect(parsed(encoded(given))).toEqual(given)
      }),
      { numRuns: 1_000 },
    )
  })

  test('free text never ends a segment nor a frame', () => {
    const text = messageText({
      segments: [messageHeader({ 18: 'UNICODE UTF-8' }), segment('NTE', { 3: 'a\r\nOBX|1|b\x0b\x1c\x0d|c\\d' })],
    })
    expect(text.split('\r').slice(1)).toEqual(['NTE|||a\\X0D\\\\X0A\\OBX\\F\\1\\F\\b\\X0B\\\\X1C\\\\X0D\\\\F\\c\\E\\d', ''])
  })

  test.each([
    ['8859/1', 'Noël, Ça', 'Noël, Ça'],
    ['8859/15', 'Œdipe à 3 €, Ÿ', '\u00bcdipe à 3 \u00a4, \u00be'],
  ])('%s is written and read as its own bytes', (charset, text, bytes) => {
    const given = { segments: [messageHeader({ 18: charset }), segment('NTE', { 3: text })] }
    expect(Buffer.from(encoded(given)).toString('latin1')).toBe(`MSH|^~\\&||||||||||||||||${charset}\rNTE|||${bytes}\r`)
    expect(parsed(encoded(given))).toEqual(given)
  })

  test('ISO 8859-15 is read as the platform reads it, for each of the 160 printable bytes and more', () => {
    const oracle = new TextDecoder('iso-8859-15')
    for (let byte = 0x80; byte <= 0xff; byte++) {
      const nte = parsed(Buffer.concat([latin1('MSH|^~\\&||||||||||||||||8859/15\rNTE|||'), Buffer.from([byte])])).segments[1]
      expect(nte && textAt(nte, 3)).toBe(oracle.decode(Buffer.from([byte])))
    }
  })

  test.each([
    ['8859/1', '€'],
    ['8859/15', '¤'],
    ['8859/15', '漢'],
    ['ASCII', 'é'],
    ['UNICODE UTF-8', '\ud800'],
  ])('%s refuses %j rather than sending another character', (charset, text) => {
    const given = { segments: [messageHeader({ 18: charset }), segment('NTE', { 3: text })] }
    expect(encodeMessage(given)).toEqual({ ok: false, problem: 'unencodable-text' })
  })

  test('a message past 1 MB is neither written nor read', () => {
    const given = { segments: [messageHeader({}), segment('NTE', { 3: 'a'.repeat(messageBytesMax) })] }
    expect(encodeMessage(given)).toEqual({ ok: false, problem: 'too-large' })
    expect(parseMessage(Buffer.alloc(messageBytesMax + 1, 0x41))).toEqual({ ok: false, problem: 'too-large' })
  })
})

describe('reading', () => {
  test.each(['\r', '\n', '\r\n'])('segments may end with %j, the last one with nothing', (end) => {
    const bytes = Buffer.from(['MSH|^~\\&|A', 'MSA|AA|1', 'ZZZ'].join(end))
    expect(parsed(bytes).segments.map(({ name }) => name)).toEqual(['MSH', 'MSA', 'ZZZ'])
  })

  test('delimiters are those that the message declares', () => {
    const pid = parsed(message('MSH#*+!%#A', 'PID###a%b*c+d!F!e')).segments[1]
    expect(pid?.fields[2]).toEqual([[['a', 'b'], ['c']], [['d#e']]])
  })

  test.each([
    ['\\F\\\\S\\\\T\\\\R\\\\E\\', '|^&~\\'],
    ['a\\.br\\b', 'a\nb'],
    ['\\X0D0A\\', '\r\n'],
    ['\\XC3A9\\', 'é'],
    ['\\XC3\\', '\\XC3\\'],
    ['\\X0\\', '\\X0\\'],
    ['\\H\\a\\N\\', '\\H\\a\\N\\'],
    ['\\a\\F\\', '\\a|'],
    ['a\\', 'a\\'],
    ['\\\\\\F\\', '\\\\|'],
  ])('the escape sequences of %j read as %j', (written, read) => {
    const nte = parsed(message('MSH|^~\\&||||||||||||||||UNICODE UTF-8', `NTE|||${written}`)).segments[1]
    expect(nte && textAt(nte, 3)).toBe(read)
  })

  test.each([
    ['', 'empty'],
    ['<!doctype html><title>502</title>', 'not-hl7'],
    ['MSH', 'not-hl7'],
    ['BHS|^~\\&|', 'not-hl7'],
    ['MSH|^^\\&|', 'bad-delimiters'],
    ['MSH|^~\\&#!|', 'bad-delimiters'],
    ['MSHa^~\\&a', 'bad-delimiters'],
    ['MSH|^~\\&|\rgarbage', 'bad-segment'],
    ['MSH|^~\\&|\rmsa|AA', 'bad-segment'],
    ['MSH|^~\\&|\rMSH|^~\\&|', 'several-messages'],
    ['MSH|^~\\&||||||||||||||||KLINGON', 'unknown-charset'],
    ['MSH|^~\\&||||||||||||||||UNICODE UTF-8\rNTE|||\xe9', 'undecodable'],
    ['MSH|^~\\&||||||||||||||||ASCII\rNTE|||\xe9', 'undecodable'],
  ])('%j is refused as %s', (text, problem) => {
    expect(parseMessage(latin1(text))).toEqual({ ok: false, problem })
  })

  test('a byte order mark is passed over, and without a declared charset UTF-8 is tried before ISO 8859-15', () => {
    const nteOf = (bytes: Uint8Array) => parsed(bytes).segments[1]?.fields[2]
    expect(nteOf(Buffer.from('\ufeffMSH|^~\\&|\rNTE|||é'))).toEqual([[['é']]])
    expect(nteOf(latin1('MSH|^~\\&|\rNTE|||\xa4'))).toEqual([[['€']]])
  })

  test('no bytes make it throw', { timeout: 120_000 }, () => {
    const withHeader = fc.uint8Array({ maxLength: 200 }).map((tail) => Buffer.concat([latin1('MSH|^~\\&|'), tail]))
    const textual = anyText.map((text) => Buffer.from(`MSH|^~\\&|${text}`))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), withHeader, textual), (bytes) => {
        expect(parseMessage(bytes)).toHaveProperty('ok')
      }),
      { numRuns: 3_000 },
    )
  })

  // The processor's time of the best of several reads: a busy machine takes time away, and gives none.
  test.each(['|', '~', '^', '&', '\\', '\r', '\\F\\', '\\X0', '\\XFF\\', '|a', 'a~', 'a^b&', 'ZZZ|\r', '\\.br', 'é'])(
    '100 kB of %j are read in less than 50 ms, and a megabyte in time that grows with its length alone',
    { timeout: 120_000 },
    (unit) => {
      // A reader that is not linear burns minutes on the megabyte.
      for (const [size, msMax] of [
        [100_000, 50],
        [1_000_000, 2_000],
      ] as const) {
        const bytes = Buffer.from(`MSH|^~\\&|\rZZZ|${unit.repeat(size / Buffer.byteLength(unit))}`)
        const times: number[] = []
        while (times.length < 20 && !(Math.min(...times) < msMax)) {
          const before = process.cpuUsage()
          parseMessage(bytes)
          const { user, system } = process.cpuUsage(before)
          times.push((user + system) / 1_000)
        }
        expect(Math.min(...times)).toBeLessThan(msMax)
      }
    },
  )
})
