/** The model of an HL7 v2 message: segments, fields, repetitions, components, subcomponents, all of them plain text. */

/** One or more subcomponents. An absent value is the empty text, never an empty list: every list here holds at least one. */
export type Component = readonly string[]
export type Repetition = readonly Component[]
export type Field = readonly Repetition[]

/**
 * `fields[0]` is field 1. In MSH, `fields[0]` is the field separator itself (MSH-1) and `fields[1]` the encoding
 * characters as written (MSH-2), so that MSH-n is `fields[n - 1]` like everywhere else.
 */
export type Segment = { readonly name: string; readonly fields: readonly Field[] }

/** The first segment is MSH, and no other is. */
export type Hl7Message = { readonly segments: readonly Segment[] }

/** The bound of any message, read or written (national-formats §3: real ones reach 600 kB). */
export const messageBytesMax = 1_048_576

export const emptyComponent: Component = ['']
export const emptyRepetition: Repetition = [emptyComponent]
/** A field with nothing in it; shared, so that wide sparse segments cost nothing. */
export const emptyField: Field = [emptyRepetition]

/** One repetition from its components; a list is a component of several subcomponents. Trailing empty ones are left out. */
export function components(...parts: readonly (string | Component)[]): Repetition {
  let length = parts.length
  while (length > 1 && parts[length - 1] === '') length--
  const repetition: Component[] = []
  for (let i = 0; i < length; i++) {
    const part = parts[i] ?? ''
    repetition.push(typeof part === 'string' ? [part] : part)
  }
  return repetition.length === 0 ? emptyRepetition : repetition
}

/** A field of several repetitions; null ones are left out. */
export function repeated(...repetitions: readonly (Repetition | null)[]): Field {
  const present = repetitions.filter((repetition) => repetition !== null)
  return present.length === 0 ? emptyField : present
}

/** A field of one repetition with these components. */
export function composite(...parts: readonly (string | Component)[]): Field {
  return [components(...parts)]
}

/** A segment from its fields by number: `segment('PID', { 3: …, 8: 'F' })`; text stands for a field of one plain value. */
export function segment(name: string, byNumber: Readonly<Record<number, string | Field>>): Segment {
  const fields: Field[] = []
  for (const key in byNumber) {
    // Integer keys come in ascending order, whatever the order in which they were written.
    const number = Number(key)
    const value = byNumber[number]
    if (value === undefined || value === '' || value === emptyField) continue
    while (fields.length < number - 1) fields.push(emptyField)
    fields.push(typeof value === 'string' ? [[[value]]] : value)
  }
  return { name, fields }
}

/** MSH from its fields 3 and up, with the delimiters that everybody uses. */
export function messageHeader(byNumber: Readonly<Record<number, string | Field>>): Segment {
  const [, , ...others] = segment('MSH', byNumber).fields
  return { name: 'MSH', fields: [[[['|']]], [[['^~\\&']]], ...others] }
}

/** The first segment of this name, or null. */
export function findSegment(message: Hl7Message, name: string): Segment | null {
  return message.segments.find((candidate) => candidate.name === name) ?? null
}

/** Where a value stands in a segment; all numbers start at 1, and what is left out is 1. */
export type Place = { readonly repetition?: number; readonly component?: number; readonly subcomponent?: number }

/** The text at a place, empty when there is nothing there. */
export function textAt(from: Segment, field: number, place: Place = {}): string {
  const { repetition = 1, component = 1, subcomponent = 1 } = place
  return from.fields[field - 1]?.[repetition - 1]?.[component - 1]?.[subcomponent - 1] ?? ''
}
