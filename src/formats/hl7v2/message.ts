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
  if (length === 0) return emptyRepetition
  // Mapped rather than filled: an array that grows is given room for many more.
  return (length === parts.length ? parts : parts.slice(0, length)).map(componentOf)
}

function componentOf(part: string | Component): Component {
  return typeof part === 'string' ? (part === '' ? emptyComponent : [part]) : part
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

/** Longer than any segment of v2.5 (IN1 has 53 fields); the compiler refuses a number beyond it. */
const fieldNumberMax = 60
type NumbersTo<Max extends number, Counted extends unknown[] = [unknown], Numbers = never> = Counted['length'] extends Max
  ? Numbers | Max
  : NumbersTo<Max, [...Counted, unknown], Numbers | Counted['length']>
export type FieldNumber = NumbersTo<typeof fieldNumberMax>
/** Fields by number; text stands for a field of one plain value. */
export type FieldsByNumber = { readonly [Number in FieldNumber]?: string | Field }

/** A segment from its fields by number: `segment('PID', { 3: …, 8: 'F' })`. */
export function segment(name: string, byNumber: FieldsByNumber): Segment {
  const fields: Field[] = []
  // Counted through rather than listed: listing the numbers of an object takes longer than all the rest of a segment.
  for (let number = 1; number <= fieldNumberMax; number++) {
    const value = byNumber[number as FieldNumber]
    if (value === undefined || value === '' || value === emptyField) continue
    while (fields.length < number - 1) fields.push(emptyField)
    fields.push(typeof value === 'string' ? [[[value]]] : value)
  }
  return { name, fields }
}

/** MSH from its fields 3 and up, with the delimiters that everybody uses. */
export function messageHeader(byNumber: FieldsByNumber): Segment {
  const { fields } = segment('MSH', byNumber)
  return { name: 'MSH', fields: [[[['|']]], [[['^~\\&']]], ...fields.slice(2)] }
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
