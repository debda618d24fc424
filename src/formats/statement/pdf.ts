/** A statement on paper and for machines at once: Factur-X, a PDF/A-3b that carries its own EN 16931 XML. The only user of pdfkit. */
import { buffer } from 'node:stream/consumers'
import PDFDocument from 'pdfkit'
import type { Statement } from '../../domain/statement.ts'
import type { StatementFonts } from './fonts.ts'
import { drawStatement, margin, type Pen } from './pdf-pages.ts'
import { kindText } from './text-fr.ts'
import { facturXSchema } from './xmp.ts'

/** Name that the standard asks for. */
export const xmlFileName = 'factur-x.xml'

/**
 * Bytes of the PDF; the same statement gives the same bytes. `AFRelationship` is `Alternative`: the XML says all that the pages
 * say of the invoice, as Factur-X asks for from the profile EN 16931 up.
 */
export function pdfOf(statement: Statement, xml: Uint8Array, fonts: StatementFonts): Promise<Buffer> {
  // Noon in Paris on the day of issue: nothing in the file tells when it was rendered.
  const issued = new Date(`${statement.issuedOn}T11:00:00Z`)
  const pen: Pen = new PDFDocument({
    size: 'A4',
    margins: { top: margin, left: margin, right: margin, bottom: margin },
    subset: 'PDF/A-3b',
    pdfVersion: '1.7',
    lang: 'fr-FR',
    bufferPages: true,
    // None, else pdfkit begins with Helvetica, which it does not embed.
    font: '',
    info: {
      // Goes into XML unescaped: letters, digits and hyphens alone.
      Title: `${kindText[statement.kind]} ${statement.number}`,
      Producer: 'Passerelle',
      Creator: 'Passerelle',
      CreationDate: issued,
    },
  })
  pen.registerFont('regular', fonts.regular as unknown as Buffer)
  pen.registerFont('bold', fonts.bold as unknown as Buffer)
  drawStatement(pen, statement, readableWith(fonts))
  // `relationship` is missing in the package's types.
  const attachment = { name: xmlFileName, type: 'text/xml', description: 'Factur-X, EN 16931', relationship: 'Alternative' }
  pen.file(Buffer.from(xml), { ...attachment, creationDate: issued, modifiedDate: issued })
  pen.appendXML(facturXSchema(xmlFileName))
  pen.end()
  return buffer(pen)
}

/** What the fonts cannot draw becomes a question mark on paper; XML, CSV and JSON have it as it is. */
function readableWith({ regular, bold }: StatementFonts): (text: string) => string {
  const drawn = (char: string) => [regular, bold].every((font) => font.hasGlyphForCodePoint(char.codePointAt(0) ?? 0))
  return (text) => [...text].map((char) => (drawn(char) ? char : '?')).join('')
}
