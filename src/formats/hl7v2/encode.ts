/** Writes an HL7 v2 message: segments end with CR, the charset is the one that MSH-18 declares. */
import { assert } from '../../base/assert.ts'
import { fail, ok, type Result } from '../../base/result.ts'
import { charsetOf, encodeText } from './charset.ts'
import { findDelimiters } from './delimiters.ts'
import { createEscaper, type Escaper } from './escapes.ts'
import {
  type Component,
  emptyComponent,
  emptyField,
  type Field,
  type Hl7Message,
  messageBytesMax,
  type Segment,
  textAt,
} from './message.ts'

export type Hl7EncodeProblem = 'unknown-charset' | 'unencodable-text' | 'too-large'

type Writer = {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly subcomponent: string
  readonly escape: Escaper
}

const commonWriter = createWriter('|', '^~\\&')
const segmentName = /^[A-Z][A-Z0-9]{2}$/

/** The bytes of the message; an empty MSH-18 means UTF-8. Fails on text outside the charset and past 1 MB. */
export function encodeMessage(message: Hl7Message): Result<Uint8Array, Hl7EncodeProblem> {
  const text = messageText(message)
  const [header] = message.segments
  const charset = charsetOf(header ? textAt(header, 18) : '')
  if (charset === 'unknown') return fail('unknown-charset')
  const bytes = encodeText(text, charset ?? 'UNICODE UTF-8')
  if (bytes === null) return fail('unencodable-text')
  return bytes.length > messageBytesMax ? fail('too-large') : ok(bytes)
}

/** The message as text. A header that declares no usable delimiters, or a wrong segment name, is a fault of ours. */
export function messageText(message: Hl7Message): string {
  const [header, ...others] = message.segments
  assert(header?.name === 'MSH', 'an HL7 message begins with MSH')
  const separator = textAt(header, 1)
  const encodingCharacters = textAt(header, 2)
  const common = separator === '|' && encodingCharacters === '^~\\&'
  const writer = common ? commonWriter : createWriter(separator, encodingCharacters)
  let text = `MSH${separator}${encodingCharacters}${fieldsText(header.fields, 2, writer)}\r`
  for (const segment of others) text += segmentText(segment, writer)
  return text
}

function segmentText(segment: Segment, writer: Writer): string {
  assert(segmentName.test(segment.name) && segment.name !== 'MSH', 'a segment has a name of its own')
  return `${segment.name}${fieldsText(segment.fields, 0, writer)}\r`
}

function fieldsText(fields: readonly Field[], from: number, writer: Writer): string {
  let text = ''
  for (let i = from; i < fields.length; i++) {
    const field = fields[i]
    text += writer.field
    if (field && field !== emptyField) text += fieldText(field, writer)
  }
  return text
}

function fieldText(field: Field, writer: Writer): string {
  let text = ''
  for (let r = 0; r < field.length; r++) {
    if (r > 0) text += writer.repetition
    const repetition = field[r] ?? []
    for (let c = 0; c < repetition.length; c++) {
      if (c > 0) text += writer.component
      const component = repetition[c] ?? emptyComponent
      if (component !== emptyComponent) text += componentText(component, writer)
    }
  }
  return text
}

function componentText(component: Component, writer: Writer): string {
  let text = writer.escape(component[0] ?? '')
  for (let s = 1; s < component.length; s++) text += writer.subcomponent + writer.escape(component[s] ?? '')
  return text
}

function createWriter(separator: string, encodingCharacters: string): Writer {
  const delimiters = findDelimiters(separator, encodingCharacters)
  assert(delimiters !== null, 'MSH-1 and MSH-2 declare usable delimiters')
  const { field, component, repetition, subcomponent } = delimiters
  return { field, component, repetition, subcomponent, escape: createEscaper(delimiters) }
}
