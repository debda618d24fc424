/** What free text may hold: everything a French identity or address needs, nothing that hides or breaks a message. */
export type TextProblem = 'too-long' | 'forbidden-character'

/** Latin letters with any accent, spaces, apostrophes, hyphens and full stops: `Ð`, `D’ANGELO`, `Jean-Noël`. */
const nameAllowed = /^[[\p{Script=Latin}&&[\p{Lu}\p{Ll}\p{Lt}]]'’\-. ]+$/v
/** Control, format (right-to-left marks), private-use and unassigned characters, lone surrogates, line separators, fillers. */
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/v
const hiddenButLineBreak = /[[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\n]]/v
const emoji = /\p{Emoji_Presentation}/u

/** Single spaces, no space at either end, NFC: the form in which text is kept and compared. */
export function tidyText(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/[ \t\u00a0\u202f]+/g, ' ')
    .trim()
}

export function findNameProblem(text: string, lengthMax: number): TextProblem | null {
  if (text.length > lengthMax) return 'too-long'
  return nameAllowed.test(text) && /\p{L}/u.test(text) ? null : 'forbidden-character'
}

export function findLineProblem(text: string, lengthMax: number): TextProblem | null {
  if (text.length > lengthMax) return 'too-long'
  return hidden.test(text) || emoji.test(text) ? 'forbidden-character' : null
}

export function findParagraphProblem(text: string, lengthMax: number): TextProblem | null {
  if (text.length > lengthMax) return 'too-long'
  return hiddenButLineBreak.test(text) || emoji.test(text) ? 'forbidden-character' : null
}
