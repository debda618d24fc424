/** Escape sequences of HL7 v2.5 chapter 2.7: what would be taken for a delimiter or for the end of a segment. */
import type { Delimiters } from './delimiters.ts'

export type Escaper = (text: string) => string

/**
 * Writes delimiters as `\F\ \S\ \T\ \R\ \E\` and every control character as `\Xhh\`: a line break in free text must not
 * end a segment, nor VT or FS a frame. `\.br\` is not written: it would lose whether a break was CR or LF, and belongs
 * to one data type only.
 */
export function createEscaper(delimiters: Delimiters): Escaper {
  const sequences = sequencesOf(delimiters)
  const special = [...sequences.keys()].map((character) => `\\x${hexOf(character)}`).join('')
  // Built from single ASCII punctuation marks that `findDelimiters` let through, each written as its code.
  const pattern = new RegExp(`[${special}\\x00-\\x1f\\x7f]`)
  const everywhere = new RegExp(pattern.source, 'g')
  const mark = delimiters.escape
  const replace = (character: string) => `${mark}${sequences.get(character) ?? `X${hexOf(character)}`}${mark}`
  return (text) => (pattern.test(text) ? text.replace(everywhere, replace) : text)
}

/**
 * Reads escape sequences back. `decode` turns the bytes of `\X…\` into text of the message's character set, or null when
 * they are none. A sequence that we do not know stays as it was written: nothing of what was sent is dropped.
 */
export function createUnescaper(delimiters: Delimiters, decode: (bytes: Uint8Array) => string | null): Escaper {
  const mark = delimiters.escape
  // Most messages escape nothing, and every answer that a destination gives is one: made when the first sequence is met.
  let characters: ReadonlyMap<string, string> | null = null
  // One byte each, so that they are few: a text of nothing else would ask for each of them thousands of times.
  const bytes = new Map<string, string | null>()
  const byteOf = (sequence: string) => {
    const known = bytes.get(sequence)
    if (known !== undefined) return known
    const meant = hexadecimal(sequence, decode)
    bytes.set(sequence, meant)
    return meant
  }
  const meaningOf = (sequence: string) => {
    characters ??= meaningsOf(delimiters)
    return characters.get(sequence) ?? (sequence.length === 3 ? byteOf(sequence) : hexadecimal(sequence, decode))
  }
  return (text) => {
    let at = text.indexOf(mark)
    if (at < 0) return text
    let read = text.slice(0, at)
    // Every round moves past one escape character: at most one round for each character of the text.
    for (;;) {
      const end = text.indexOf(mark, at + 1)
      if (end < 0) return read + text.slice(at)
      const sequence = text.slice(at + 1, end)
      const meant = meaningOf(sequence)
      if (meant === null) {
        read += text.slice(at, end)
        at = end
        continue
      }
      const next = text.indexOf(mark, end + 1)
      if (next < 0) return read + meant + text.slice(end + 1)
      read += meant + text.slice(end + 1, next)
      at = next
    }
  }
}

function meaningsOf(delimiters: Delimiters): ReadonlyMap<string, string> {
  const characters = new Map<string, string>([['.br', '\n']])
  for (const [character, sequence] of sequencesOf(delimiters)) characters.set(sequence, character)
  return characters
}

function sequencesOf(delimiters: Delimiters): Map<string, string> {
  const sequences = new Map([
    [delimiters.field, 'F'],
    [delimiters.component, 'S'],
    [delimiters.subcomponent, 'T'],
    [delimiters.repetition, 'R'],
    [delimiters.escape, 'E'],
  ])
  if (delimiters.truncation !== null) sequences.set(delimiters.truncation, 'P')
  return sequences
}

function hexadecimal(sequence: string, decode: (bytes: Uint8Array) => string | null): string | null {
  if (!sequence.startsWith('X') || sequence.length < 3 || sequence.length % 2 === 0) return null
  if (!/^X[0-9A-Fa-f]+$/.test(sequence)) return null
  return decode(Buffer.from(sequence.slice(1), 'hex'))
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}
