/** The fonts of statements: PDF/A allows none that is not embedded. Source Sans 3, under the SIL Open Font License. */
import PDFDocument from 'pdfkit'

type Position = { readonly xAdvance: number }
type Run = { readonly glyphs: readonly unknown[]; readonly positions: readonly Position[]; readonly advanceWidth: number }
/** A font that is parsed; pdfkit embeds of it what a document uses. */
export type ParsedFont = { hasGlyphForCodePoint(codePoint: number): boolean; layout(text: string, features?: unknown): Run }
export type StatementFonts = { readonly regular: ParsedFont; readonly bold: ParsedFont }

const folder = '@expo-google-fonts/source-sans-3'

/** Reads and parses both, once for all documents: parsing takes longer than writing a statement. */
export function readStatementFonts(readFile: (path: URL) => Uint8Array): StatementFonts {
  const read = (name: string) => parsed(readFile(new URL(import.meta.resolve(`${folder}/${name}.ttf`))))
  return { regular: read('400Regular/SourceSans3_400Regular'), bold: read('700Bold/SourceSans3_700Bold') }
}

/** pdfkit takes a parsed font wherever it takes the bytes of one, and is itself the way to get one. */
function parsed(bytes: Uint8Array): ParsedFont {
  const opened = new PDFDocument({ font: '' }).font(Buffer.from(bytes)) as unknown as {
    readonly _font: { readonly font: ParsedFont }
  }
  return remembering(opened._font.font)
}

const wordsMax = 20_000
const charactersMax = 20_000

/**
 * Shaping a word takes most of the time that a statement takes, and statements say the same words: each is shaped once. pdfkit
 * scales the positions that it is given, in place, and so gets its own.
 */
function remembering(font: ParsedFont): ParsedFont {
  const shaped = new Map<string, Run>()
  const drawn = new Map<number, boolean>()
  // Asked of every character of every text: a search through the font's table each time.
  const hasGlyphForCodePoint = (codePoint: number): boolean => {
    const has = drawn.get(codePoint) ?? font.hasGlyphForCodePoint(codePoint)
    if (drawn.size < charactersMax) drawn.set(codePoint, has)
    return has
  }
  const layout = (text: string, features?: unknown): Run => {
    if (features) return font.layout(text, features)
    const run = shaped.get(text) ?? font.layout(text)
    if (shaped.size < wordsMax) shaped.set(text, run)
    const positions = run.positions.map((position) => ({ ...position }))
    return {
      glyphs: run.glyphs,
      positions,
      get advanceWidth() {
        return positions.reduce((sum, { xAdvance }) => sum + xAdvance, 0)
      },
    }
  }
  return Object.create(font, { layout: { value: layout }, hasGlyphForCodePoint: { value: hasGlyphForCodePoint } }) as ParsedFont
}
