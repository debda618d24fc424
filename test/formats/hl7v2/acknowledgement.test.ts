import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FailureCode } from '../../../src/domain/failure-codes.ts'
import { readAcknowledgement } from '../../../src/formats/hl7v2/acknowledgement.ts'
import { failureText } from '../../../src/web/text-fr-failures.ts'

const controlId = 'K7PZ3M0Q9X1A'
const header =
  'MSH|^~\\&|SI-DEP|SI-DEP|PASSERELLE|1750000010|20260115105831+0100||ACK^R01^ACK|A000016|T|2.5|||||FRA|UNICODE UTF-8'
const answer = (...lines: readonly string[]) => Buffer.from([header, ...lines, ''].join('\r'))
const read = (bytes: Uint8Array) => readAcknowledgement(bytes, controlId)
const unreadable = { class: 'ambiguous', code: 'answer-unreadable' }

describe('AA', () => {
  test('is a receipt: the reference of the answer and the digest of its very bytes', () => {
    const bytes = answer(`MSA|AA|${controlId}`)
    const answerSha256 = createHash('sha256').update(bytes).digest('hex')
    expect(read(bytes)).toEqual({ class: 'accepted', receipt: { reference: 'A000016', answerSha256 } })
  })

  test('without a reference of its own is a receipt all the same', () => {
    const bytes = Buffer.from(`MSH|^~\\&|||||||ACK||T|2.5\rMSA|AA|${controlId}\r`)
    expect(read(bytes)).toMatchObject({ class: 'accepted', receipt: { reference: null } })
  })

  test.each(['ERR||||W', 'ERR||||I', 'ERR|||0|'])('with %s beside it is a receipt', (err) => {
    expect(read(answer(`MSA|AA|${controlId}`, err))).toMatchObject({ class: 'accepted' })
  })

  test('with an error beside it contradicts itself: ambiguous', () => {
    expect(read(answer(`MSA|AA|${controlId}`, 'ERR||PID^1^3|103|E'))).toEqual(unreadable)
  })

  test('in ISO 8859-15, though we wrote UTF-8, is read by its own MSH-18', () => {
    const text = `${header.replace('UNICODE UTF-8', '8859/15')}\rMSA|AA|${controlId}|reçu à 3 ¤\r`
    expect(read(Buffer.from(text, 'latin1'))).toMatchObject({ class: 'accepted' })
  })

  test.each([`${controlId}0`, controlId.slice(1), controlId.toLowerCase(), ` ${controlId}`])(
    'for %j is an answer to another',
    (id) => {
      expect(read(answer(`MSA|AA|${id}`))).toEqual({ class: 'ambiguous', code: 'answer-for-another' })
    },
  )
})

/** HL7 table 0357 whole, but for 0 (accepted), then the agency's own codes, then one that nobody published. */
const errorCodes = [
  ['100', 'segment-sequence'],
  ['101', 'required-field-missing'],
  ['102', 'data-type'],
  ['103', 'table-value'],
  ['104', 'value-too-long'],
  ['198', 'cardinality'],
  ['199', 'refused'],
  ['200', 'unsupported-message'],
  ['201', 'unsupported-message'],
  ['202', 'processing-id'],
  ['203', 'unsupported-message'],
  ['204', 'unknown-key'],
  ['205', 'duplicate-key'],
  ['206', 'record-locked'],
  ['207', 'application-error'],
  ['900', 'wrong-version'],
  ['901', 'author-not-allowed'],
  ['902', 'unknown-patient'],
  ['903', 'ins-missing'],
  ['904', 'ins-mismatch'],
  ['905', 'ins-incomplete'],
  ['906', 'refused'],
  ['12345', 'refused'],
] as const satisfies readonly (readonly [string, FailureCode])[]

describe('AE', () => {
  test.each(errorCodes)('with code %s is permanent: %s', (code, failure) => {
    expect(read(answer(`MSA|AE|${controlId}`, `ERR||PID^1^3|${code}^texte^HL70357|E`))).toEqual({
      class: 'permanent',
      code: failure,
      location: 'PID-3',
    })
  })

  test.each([
    ['PID', 'PID'],
    ['PID^1', 'PID'],
    ['OBX^2^5', 'OBX[2]-5'],
    ['PID^1^3^1^4', 'PID-3.4'],
    ['', undefined],
    ['DURAND^1^3', undefined],
    ['PID^1^Marie', 'PID'],
  ])('the location %j reads as %s, and never carries text of the far side', (written, location) => {
    expect(read(answer(`MSA|AE|${controlId}`, `ERR||${written}|101|E`))).toEqual({
      class: 'permanent',
      code: 'required-field-missing',
      ...(location === undefined ? {} : { location }),
    })
  })

  test('the first error decides, warnings before it do not', () => {
    const bytes = answer(`MSA|AE|${controlId}`, 'ERR||PV1^1^2|103|W', 'ERR||PID^1^3|904|E', 'ERR||OBX^1^5|103|E')
    expect(read(bytes)).toEqual({ class: 'permanent', code: 'ins-mismatch', location: 'PID-3' })
  })

  test('without any ERR is permanent, with no reason known', () => {
    expect(read(answer(`MSA|AE|${controlId}`))).toEqual({ class: 'permanent', code: 'refused' })
  })
})

describe('AR', () => {
  test('is transient, with or without a reason', () => {
    expect(read(answer(`MSA|AR|${controlId}`))).toEqual({ class: 'transient', code: 'refused-for-now' })
  })

  test.each(errorCodes)('with code %s is transient and keeps its reason: %s', (code, failure) => {
    const wanted = failure === 'refused' ? 'refused-for-now' : failure
    expect(read(answer(`MSA|AR|${controlId}`, `ERR||PID^1^3|${code}|E`))).toEqual({ class: 'transient', code: wanted })
  })
})

test('every code is told in French, each in words of its own: what happened, and what to mend', () => {
  const sentences = new Map([...new Set(errorCodes.map(([, failure]) => failure))].map((code) => [code, failureText[code]]))
  for (const { what, mend } of sentences.values()) for (const one of [what, mend]) expect(one).toMatch(/^\p{Lu}.{20,}\.$/u)
  expect(new Set([...sentences.values()].map(({ what }) => what)).size).toBe(sentences.size)
})

describe('what does not say plainly what became of the message is ambiguous', () => {
  test.each([
    ['nothing', ''],
    ['a page', '<!doctype html><html lang="fr"><title>502 Bad Gateway</title></html>'],
    ['a commit accept', `${header}\rMSA|CA|${controlId}\r`],
    ['a commit error', `${header}\rMSA|CE|${controlId}\r`],
    ['a commit reject', `${header}\rMSA|CR|${controlId}\r`],
    ['a code of no table', `${header}\rMSA|OK|${controlId}\r`],
    ['no code', `${header}\rMSA||${controlId}\r`],
    ['no MSA', `${header}\r`],
    ['an MSA cut short', `${header}\rMSA|AA`],
    ['two MSA', `${header}\rMSA|AA|${controlId}\rMSA|AE|${controlId}\r`],
    ['two messages', `${header}\rMSA|AA|${controlId}\r${header}\rMSA|AA|${controlId}\r`],
    ['a message that is no ACK', `${header.replace('ACK^R01^ACK', 'ORU^R01^ORU_R01')}\rMSA|AA|${controlId}\r`],
    ['a charset that we cannot read', `${header.replace('UNICODE UTF-8', 'ISO IR87')}\rMSA|AA|${controlId}\r`],
  ])('%s', (_case, text) => {
    expect(read(Buffer.from(text))).toEqual(unreadable)
  })

  test('bytes that are not of the charset they declare', () => {
    expect(read(Buffer.from(`${header}\rMSA|AA|${controlId}|re\xe7u\r`, 'latin1'))).toEqual(unreadable)
  })

  test('an answer cut at any byte is never another outcome than the whole one, but for its missing details', () => {
    const whole = answer(`MSA|AE|${controlId}`, 'ERR||PID^1^3|904|E')
    for (let length = 0; length < whole.length; length++) {
      const outcome = read(whole.subarray(0, length))
      expect(['ambiguous', 'permanent']).toContain(outcome.class)
      const accepted = answer(`MSA|AA|${controlId}`)
      if (length < accepted.length - 1) expect(read(accepted.subarray(0, length)).class).toBe('ambiguous')
    }
  })

  test('no bytes make it throw, nor count as a receipt', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(read(noise).class).toBe('ambiguous')
        expect(read(Buffer.concat([answer('MSA|AA|'), noise])).class).toBe('ambiguous')
      }),
    )
  })
})

const referenceDir = process.env.ANS_REFERENCE_DIR
test.skipIf(!referenceDir)("the agency's sample is the receipt of its message 015 (skipped without ANS_REFERENCE_DIR)", () => {
  const sample = readFileSync(join(referenceDir ?? '', 'hl7v2', 'ack-aa.hl7'))
  expect(readAcknowledgement(sample, '015')).toMatchObject({ class: 'accepted', receipt: { reference: '016' } })
})
