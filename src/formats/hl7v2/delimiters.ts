/** The delimiters of a message, as its own MSH-1 and MSH-2 declare them. */
export type Delimiters = {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly escape: string
  readonly subcomponent: string
  /** Fifth encoding character, from HL7 v2.7 on; null when there is none. */
  readonly truncation: string | null
}

const allowed = /^[!-/:-@[-`{-~]{5,6}$/

/** Reads MSH-1 and MSH-2; null unless they are distinct ASCII punctuation, four or five of them in MSH-2. */
export function findDelimiters(fieldSeparator: string, encodingCharacters: string): Delimiters | null {
  const all = fieldSeparator + encodingCharacters
  if (fieldSeparator.length !== 1 || !allowed.test(all) || new Set(all).size !== all.length) return null
  const [component = '', repetition = '', mark = '', subcomponent = '', truncation] = encodingCharacters
  return { field: fieldSeparator, component, repetition, escape: mark, subcomponent, truncation: truncation ?? null }
}
