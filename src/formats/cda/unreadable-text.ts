/** Finds text that XML cannot hold, or would give back changed, before a document is written. */

/**
 * Outside `Char` of XML 1.0 §2.2 (C0 controls, lone surrogates, U+FFFE and U+FFFF), and what a parser normalises or a
 * reader cannot see: tab, CR and C1 controls. A line break is text in a comment; in an attribute it would become a space.
 */
const unreadableInLine = /[\p{Cc}\p{Cs}\ufffe\uffff]/u
const unreadableInParagraph = /[^\P{Cc}\n]|[\p{Cs}\ufffe\uffff]/u

/** Free text of several lines; every other text of a declaration is one line. */
const paragraphs: ReadonlySet<string> = new Set(['act.comment'])

/**
 * The path of the first text that cannot be written (`patient.birthName`), or null. The path is made of field names and
 * never holds a value. Declarations nest four levels deep; anything deeper is not one.
 */
export function findUnreadableText(value: object, path = '', depthMax = 6): string | null {
  for (const [key, item] of Object.entries(value)) {
    const here = path === '' ? key : `${path}.${key}`
    if (typeof item === 'string') {
      const unreadable = paragraphs.has(here) ? unreadableInParagraph : unreadableInLine
      if (unreadable.test(item)) return here
    } else if (typeof item === 'object' && item !== null && depthMax > 0) {
      const found = findUnreadableText(item, here, depthMax - 1)
      if (found !== null) return found
    }
  }
  return null
}
