/** Character sets of HL7 table 0211 that French senders use, both ways and strict. */
export const charsets = ['UNICODE UTF-8', '8859/1', '8859/15', 'ASCII'] as const
export type Charset = (typeof charsets)[number]

/** The eight places where ISO 8859-15 differs from ISO 8859-1. */
const latin9 = new Map([
  ['€', '\u00a4'],
  ['Š', '\u00a6'],
  ['š', '\u00a8'],
  ['Ž', '\u00b4'],
  ['ž', '\u00b8'],
  ['Œ', '\u00bc'],
  ['œ', '\u00bd'],
  ['Ÿ', '\u00be'],
])
const latin9ByByte = new Map([...latin9].map(([character, byte]) => [byte, character]))

/** What MSH-18 says: a charset, null when it is empty, `unknown` when we cannot read it. */
export function charsetOf(name: string): Charset | null | 'unknown' {
  const trimmed = name.trim()
  if (trimmed === '') return null
  return charsets.find((charset) => charset === trimmed) ?? 'unknown'
}

/**
 * The text of the bytes, or null when they are not of that charset. Without a declared one (an ancient sender), UTF-8 is
 * tried and then ISO 8859-15, which reads anything: the parts that decide are ASCII in both.
 */
export function decodeText(bytes: Uint8Array, charset: Charset | null): string | null {
  if (charset === '8859/1') return latin1(bytes)
  if (charset === '8859/15') return latin1(bytes).replace(/[\u00a4\u00a6\u00a8\u00b4\u00b8\u00bc-\u00be]/g, fromLatin9)
  if (charset === 'ASCII' && bytes.some((byte) => byte > 0x7f)) return null
  // Decoded and compared, rather than tried and caught: a hostile text of many broken sequences must not cost an exception each.
  const text = buffer(bytes).toString('utf8')
  const whole = !text.includes('\ufffd') || Buffer.from(text, 'utf8').equals(bytes)
  if (whole) return text
  return charset === null ? decodeText(bytes, '8859/15') : null
}

/** The bytes of the text, or null when a character has no place in that charset (a lone surrogate has none in any). */
export function encodeText(text: string, charset: Charset): Uint8Array | null {
  if (charset === 'UNICODE UTF-8') return text.isWellFormed() ? Buffer.from(text, 'utf8') : null
  const narrow = charset === '8859/15' ? toLatin9(text) : text
  if (narrow === null || (charset === 'ASCII' ? /[^\p{ASCII}]/u : /[\u0100-\uffff]/).test(narrow)) return null
  return Buffer.from(narrow, 'latin1')
}

function latin1(bytes: Uint8Array): string {
  return buffer(bytes).toString('latin1')
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function fromLatin9(byte: string): string {
  return latin9ByByte.get(byte) ?? byte
}

function toLatin9(text: string): string | null {
  if (/[\u00a4\u00a6\u00a8\u00b4\u00b8\u00bc-\u00be]/.test(text)) return null
  return text.replace(/[€ŠšŽžŒœŸ]/g, (character) => latin9.get(character) ?? character)
}
