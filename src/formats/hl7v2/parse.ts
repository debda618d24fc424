/** Reads an HL7 v2 message from bytes: strict about its frame, silent about its content, never throwing on input. */
import { fail, ok, type Result } from '../../base/result.ts'
import { type Charset, charsetOf, decodeText } from './charset.ts'
import { type Delimiters, findDelimiters } from './delimiters.ts'
import { createUnescaper, type Escaper } from './escapes.ts'
import {
  type Component,
  emptyComponent,
  emptyField,
  emptyRepetition,
  type Field,
  type Hl7Message,
  messageBytesMax,
  type Repetition,
  type Segment,
} from './message.ts'

export type Hl7Problem =
  | 'empty'
  | 'too-large'
  | 'not-hl7'
  | 'bad-delimiters'
  | 'bad-segment'
  | 'several-messages'
  | 'unknown-charset'
  | 'undecodable'

type Reader = Delimiters & { readonly unescape: Escaper }

const segmentName = /^[A-Z][A-Z0-9]{2}$/

/**
 * Segments may end with CR, LF or CRLF (the published samples end with LF), the last one with nothing. Delimiters are
 * those of MSH-1 and MSH-2, the charset that of MSH-18. Trailing empty fields are kept, so that encoding gives them back.
 */
export function parseMessage(bytes: Uint8Array): Result<Hl7Message, Hl7Problem> {
  if (bytes.length === 0) return fail('empty')
  if (bytes.length > messageBytesMax) return fail('too-large')
  const content = withoutByteOrderMark(bytes)
  const header = headerText(content)
  if (!header.startsWith('MSH') || header.length < 8) return fail('not-hl7')
  const separator = header.charAt(3)
  const headerFields = header.split(separator)
  const delimiters = findDelimiters(separator, headerFields[1] ?? '')
  if (delimiters === null) return fail('bad-delimiters')
  const charset = declaredCharset(headerFields[17] ?? '', delimiters)
  if (charset === 'unknown') return fail('unknown-charset')
  const text = decodeText(content, charset)
  if (text === null) return fail('undecodable')
  return parseSegments(text, delimiters, charset)
}

function parseSegments(text: string, delimiters: Delimiters, charset: Charset | null): Result<Hl7Message, Hl7Problem> {
  const reader = { ...delimiters, unescape: createUnescaper(delimiters, (bytes) => decodeText(bytes, charset)) }
  const segments: Segment[] = []
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line === '') continue
    const parts = line.split(delimiters.field)
    const name = parts[0] ?? ''
    if (!segmentName.test(name)) return fail('bad-segment')
    if (name === 'MSH' && segments.length > 0) return fail('several-messages')
    segments.push({ name, fields: name === 'MSH' ? headerFields(parts, reader) : fieldsFrom(parts, 1, reader) })
  }
  return ok({ segments })
}

/** MSH-1 and MSH-2 stand as they were written: they are what everything else is read with. */
function headerFields(parts: readonly string[], reader: Reader): readonly Field[] {
  return [[[[reader.field]]], [[[parts[1] ?? '']]], ...fieldsFrom(parts, 2, reader)]
}

function fieldsFrom(parts: readonly string[], from: number, reader: Reader): Field[] {
  const fields: Field[] = []
  for (let i = from; i < parts.length; i++) fields.push(parseField(parts[i] ?? '', reader))
  return fields
}

function parseField(text: string, reader: Reader): Field {
  if (text === '') return emptyField
  if (!text.includes(reader.repetition)) return [parseRepetition(text, reader)]
  return text.split(reader.repetition).map((part) => parseRepetition(part, reader))
}

function parseRepetition(text: string, reader: Reader): Repetition {
  if (text === '') return emptyRepetition
  if (!text.includes(reader.component)) return [parseComponent(text, reader)]
  return text.split(reader.component).map((part) => parseComponent(part, reader))
}

function parseComponent(text: string, reader: Reader): Component {
  if (text === '') return emptyComponent
  if (!text.includes(reader.subcomponent)) return [reader.unescape(text)]
  return text.split(reader.subcomponent).map((part) => reader.unescape(part))
}

/** MSH-18 may repeat; its first repetition is the charset of the message. */
function declaredCharset(field: string, delimiters: Delimiters): Charset | null | 'unknown' {
  const [first = ''] = field.split(delimiters.repetition)
  return charsetOf(createUnescaper(delimiters, latin1)(first))
}

/** The first segment, byte for byte: names of charsets and delimiters are ASCII in all charsets that we read. */
function headerText(bytes: Uint8Array): string {
  const ends = [bytes.indexOf(0x0d), bytes.indexOf(0x0a)].filter((end) => end >= 0)
  return latin1(bytes.subarray(0, Math.min(bytes.length, ...ends)))
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return marked ? bytes.subarray(3) : bytes
}
