/** Arbitrary text for properties: any code points, lone surrogates included, with the troublesome ones drawn often. */
import fc from 'fast-check'

const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code))
const troublesome = fc.constantFrom(
  ...'|^~\\&<>"\'\r\n\t\0 aé-',
  '\u0301',
  '\u00a0',
  '\u200f',
  '\ufeff',
  '\u2028',
  '\ud83d',
  '😀',
  'ﬁ',
)

export function anyText(maxLength = 12): fc.Arbitrary<string> {
  return fc.array(fc.oneof(anyCharacter, troublesome), { maxLength }).map((characters) => characters.join(''))
}
