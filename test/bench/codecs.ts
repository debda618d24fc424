/** Three HL7 codecs given the same work: to build and encode one message from the same texts, and to read every text of it back. */
import { Hl7Field, Hl7Message, Hl7Segment } from '@medplum/core'
import { HL7_2_5, Message } from 'node-hl7-client'
import { encodeMessage } from '../../src/formats/hl7v2/encode.ts'
import { type Field, type FieldNumber, messageHeader, type Segment, segment } from '../../src/formats/hl7v2/message.ts'
import { parseMessage } from '../../src/formats/hl7v2/parse.ts'

/** A message as whoever sends it holds it: by segment, the texts of its fields by number, in repetitions, components, subcomponents. */
export type Recipe = readonly { readonly name: string; readonly fields: readonly (readonly [FieldNumber, Field])[] }[]

export type Codec = {
  readonly name: string
  /** Builds the message and encodes it to the bytes that go on the wire; the texts lie ready in the shape that its model wants. */
  builderOf(recipe: Recipe): () => Uint8Array
  /** Every text that stands in the message from MSH-3 on, in order; empty places are passed over. */
  read(bytes: Uint8Array): string[]
}

/** The recipe of a message: parsed, with everything that a sender does not write himself left out. */
export function recipeOf(bytes: Uint8Array): Recipe {
  return segmentsOf(bytes).map(({ name, fields }) => ({
    name,
    fields: fields.flatMap((field, index) => {
      const holds = field.some((repetition) => repetition.some((component) => component.some((text) => text !== '')))
      return holds && !(name === 'MSH' && index < 2) ? [[(index + 1) as FieldNumber, field] as const] : []
    }),
  }))
}

function segmentsOf(bytes: Uint8Array): readonly Segment[] {
  const parsed = parseMessage(bytes)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.value.segments
}

export const ours: Codec = {
  name: 'ours',
  builderOf: (recipe) => () => {
    const segments = recipe.map(({ name, fields }) => {
      const byNumber: { [Number in FieldNumber]?: Field } = {}
      for (const [number, field] of fields) byNumber[number] = field
      return name === 'MSH' ? messageHeader(byNumber) : segment(name, byNumber)
    })
    const encoded = encodeMessage({ segments })
    if (!encoded.ok) throw new Error(encoded.problem)
    return encoded.value
  },
  read(bytes) {
    const texts: string[] = []
    for (const { name, fields } of segmentsOf(bytes))
      for (let at = name === 'MSH' ? 2 : 0; at < fields.length; at++)
        for (const repetition of fields[at] ?? [])
          for (const component of repetition) for (const text of component) if (text !== '') texts.push(text)
    return texts
  },
}

/** Its model: fields of components by repetition, subcomponents inside their text. It escapes nothing; the messages hold nothing to escape. */
export const medplum: Codec = {
  name: '@medplum/core',
  builderOf(recipe) {
    const shaped = recipe.map(({ name, fields }) => ({
      name,
      fields: fields.map(([number, field]) => [number, field.map((one) => one.map((component) => component.join('&')))] as const),
    }))
    return () => {
      const segments = shaped.map(({ name, fields }) => {
        // MSH-n is at n - 1: it has no place of its own for MSH-1.
        const shift = name === 'MSH' ? 1 : 0
        const parts: (string | Hl7Field)[] = shift === 1 ? ['MSH', '^~\\&'] : [name]
        for (const [number, components] of fields) {
          while (parts.length < number - shift) parts.push('')
          parts.push(new Hl7Field(components))
        }
        return new Hl7Segment(parts)
      })
      return Buffer.from(`${new Hl7Message(segments).toString()}\r`)
    }
  },
  read(bytes) {
    const texts: string[] = []
    for (const { name, fields } of Hl7Message.parse(Buffer.from(bytes).toString()).segments)
      for (let at = name === 'MSH' ? 2 : 1; at < fields.length; at++)
        for (const repetition of fields[at]?.components ?? [])
          for (const component of repetition)
            if (component.includes('&')) texts.push(...component.split('&').filter((text) => text !== ''))
            else if (component !== '') texts.push(component)
    return texts
  },
}

/**
 * Its header from its builder, all else by `addSegment` and `set`, which escape: its segment builders hold composites to the length
 * of one component (20 characters of PID-3) and so do not take these messages.
 */
export const client: Codec = {
  name: 'node-hl7-client',
  builderOf: (recipe) => () => {
    const message = new HL7_2_5().buildMSH(headerOf(recipe)).toMessage()
    for (const { name, fields } of recipe) {
      if (name === 'MSH') {
        for (const [number, field] of fields) if (number === 7 || number > 12) setField(message, `MSH.${number}`, field)
        continue
      }
      const part = message.addSegment(name)
      for (const [number, field] of fields) setField(part, number, field)
    }
    return Buffer.from(`${message.toString()}\r`)
  },
  read(bytes) {
    const texts: string[] = []
    for (const part of new Message({ text: Buffer.from(bytes).toString() }).toArray()) {
      const fields = part.toArray()
      for (let at = part.name === 'MSH' ? 2 : 1; at < fields.length; at++)
        for (const repetition of fields[at]?.toArray() ?? [])
          for (const component of repetition.toArray())
            for (const subcomponent of component.toArray()) {
              const text = subcomponent.toString()
              if (text !== '') texts.push(text)
            }
    }
    return texts
  },
}

type Node = ReturnType<Message['get']>

function setField(part: Node, at: number | string, field: Field): void {
  const [[[only] = [], ...components] = [], ...repetitions] = field
  if (components.length === 0 && repetitions.length === 0 && field[0]?.[0]?.length === 1) return void part.set(at, only)
  for (const [r, repetition] of field.entries())
    for (const [c, component] of repetition.entries()) {
      if (component.length > 1) for (const [s, text] of component.entries()) part.set(at).set(r).set(c).set(s, text)
      else if (component[0] !== '') part.set(at).set(r).set(c, component[0])
    }
}

function headerOf(recipe: Recipe): Parameters<HL7_2_5['buildMSH']>[0] {
  const fields: ReadonlyMap<number, Field> = new Map(recipe[0]?.fields)
  const text = (number: number, component = 1) => fields.get(number)?.[0]?.[component - 1]?.[0] ?? ''
  return {
    msh_3: text(3),
    msh_4: text(4),
    msh_5: text(5),
    msh_6: text(6),
    msh_9_1: text(9),
    msh_9_2: text(9, 2),
    msh_9_3: text(9, 3),
    msh_10: text(10),
    msh_11_1: 'T',
  }
}
