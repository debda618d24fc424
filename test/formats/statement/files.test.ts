/** The files of a statement: figures that agree, XML that the published schema takes, a PDF that holds to PDF/A-3 as far as it is looked at. */
import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { extractXml, Profile, validateXsd } from '@stackforge-eu/factur-x'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { fromUtf8 } from '../../../src/base/bytes.ts'
import { filesOf, findChangedFiles, manifestOf, type StatementFiles } from '../../../src/formats/statement/files.ts'
import { readStatementFonts } from '../../../src/formats/statement/fonts.ts'
import { reAdd } from '../../statements/re-add.ts'
import { sampleStatements } from '../../support/sample-statements.ts'
import { listBrokenRules } from './en16931-rules.ts'

// Fonts and PDFs take a while on a machine that does other things beside.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const fonts = readStatementFonts((path) => readFileSync(path))
const rendered = new Map<string, StatementFiles>()
const filesNamed = (name: string): StatementFiles => {
  const files = rendered.get(name)
  if (!files) throw new Error('not rendered')
  return files
}
beforeAll(async () => {
  for (const [name, statement] of Object.entries(sampleStatements)) rendered.set(name, await filesOf(statement, fonts))
})

describe.for(Object.entries(sampleStatements))('%s', ([name, statement]) => {
  test('says the same figures in CSV, JSON and XML, and they add up to the cent', () => {
    const { csv, json, xml } = filesNamed(name)
    expect(reAdd({ csv: fromUtf8(csv), json: fromUtf8(json), xml: fromUtf8(xml) })).toEqual([])
  })

  test('is XML that the published schema of Factur-X 1.09, profile EN 16931, takes', async () => {
    const { valid, errors } = await validateXsd(fromUtf8(filesNamed(name).xml), Profile.EN16931)
    expect({ valid, errors }).toEqual({ valid: true, errors: [] })
  })

  test('breaks no business rule of EN 16931 that applies to it', () => {
    expect(listBrokenRules(fromUtf8(filesNamed(name).xml))).toEqual([])
  })

  test('is a PDF in which another library finds that very XML', async () => {
    const { pdf, xml } = filesNamed(name)
    expect(await extractXml(pdf)).toMatchObject({ xml: fromUtf8(xml), filename: 'factur-x.xml' })
  })

  test('is rendered to the same bytes again', async () => {
    const again = await filesOf(statement, fonts)
    for (const format of ['pdf', 'xml', 'csv', 'json'] as const)
      expect([format, Buffer.from(again[format]).equals(filesNamed(name)[format])]).toEqual([format, true])
  })

  test('has the parts that PDF/A-3b asks for: intent, metadata, fonts inside, a file that says what it is, and nothing that is forbidden', () => {
    const pdf = Buffer.from(filesNamed(name).pdf).toString('latin1')
    const xmp = /<x:xmpmeta[\s\S]*<\/x:xmpmeta>/.exec(Buffer.from(filesNamed(name).pdf).toString('utf8'))?.[0] ?? ''
    expect(pdf).toMatch(/^%PDF-1\.7\n%[\x80-\xff]{4}/)
    expect(pdf).toMatch(/\/OutputIntents \[\d+ 0 R\]/)
    expect(pdf).toContain('/S /GTS_PDFA1')
    expect(xmp).toContain('<pdfaid:part>3</pdfaid:part>')
    expect(xmp).toContain('<pdfaid:conformance>B</pdfaid:conformance>')
    for (const property of ['DocumentFileName', 'DocumentType', 'Version', 'ConformanceLevel']) {
      expect(xmp).toContain(`<fx:${property}>`)
      expect(xmp).toContain(`<pdfaProperty:name>${property}</pdfaProperty:name>`)
    }
    expect(xmp).toContain('<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>')
    expect(pdf).toContain('/AFRelationship /Alternative')
    expect(pdf).toContain('/Subtype /text#2Fxml')
    expect(pdf).toMatch(/\/AF \[\d+ 0 R\]/)
    expect(pdf).toMatch(/\/UF \(factur-x\.xml\)/)
    expect(pdf).toMatch(/\/Lang \(fr-FR\)/)
    expect(pdf).toMatch(/\/ID \[<[0-9a-f]{32}> <[0-9a-f]{32}>\]/)
    const fontsNamed = [...pdf.matchAll(/\/Type \/FontDescriptor[\s\S]*?endobj/g)].map(([text]) => text)
    expect(fontsNamed).toHaveLength(2)
    for (const descriptor of fontsNamed)
      expect(descriptor).toMatch(/\/FontName \/[A-Z]{6}\+SourceSans3[\s\S]*\/FontFile2 \d+ 0 R/)
    expect(pdf.match(/\/ToUnicode \d+ 0 R/g)).toHaveLength(2)
    for (const forbidden of [
      '/JavaScript',
      '/Encrypt',
      '/SMask',
      '/Launch',
      '/URI',
      '/AA ',
      '/Helvetica',
      '/LZWDecode',
      '/Movie',
      '/ca 0',
    ])
      expect([forbidden, pdf.includes(forbidden)]).toEqual([forbidden, false])
  })
})

test('the pages refer to no glyph that the font lacks: what cannot be drawn is a question mark', async () => {
  const named = sampleStatements['an ordinary month']
  if (!named) throw new Error('no sample')
  const odd = await filesOf({ ...named, buyer: { ...named.buyer, name: 'Pharmacie 藥局' } }, fonts)
  const plain = await filesOf({ ...named, buyer: { ...named.buyer, name: 'Pharmacie ??' } }, fonts)
  const pages = (pdf: Uint8Array) => contentOf(pdf).join('\n')
  expect(pages(odd.pdf)).toBe(pages(plain.pdf))
  // Glyph 0 is the one for characters that a font lacks; pdfkit writes glyphs as four hexadecimal digits.
  expect(contentOf(odd.pdf).length).toBeGreaterThan(0)
  for (const page of contentOf(odd.pdf))
    for (const [, glyphs = ''] of page.matchAll(/<((?:[0-9a-f]{4})+)>/g)) expect(glyphs.match(/.{4}/g)).not.toContain('0000')
  expect(fromUtf8(odd.xml)).toContain('藥局')
})

/** Inflated streams that draw text. */
function contentOf(pdf: Uint8Array): readonly string[] {
  const text = Buffer.from(pdf).toString('latin1')
  return [...text.matchAll(/stream\n([\s\S]*?)\nendstream/g)].flatMap(([, data = '']) => {
    try {
      const content = inflateSync(Buffer.from(data, 'latin1')).toString('latin1')
      return content.includes(' Tf') ? [content] : []
    } catch {
      return [] // fonts, profile and XMP are not content
    }
  })
}

test('a demonstration says so in each of its files', () => {
  const { csv, json, xml } = filesNamed('a demonstration')
  for (const file of [csv, xml]) expect(fromUtf8(file)).toContain('DÉMONSTRATION')
  expect(JSON.parse(fromUtf8(json))).toMatchObject({ demonstration: true })
})

test('what begins like a formula is text in the CSV', () => {
  expect(fromUtf8(filesNamed('a credit note').csv)).toContain(`;"'=Récepteur en double le 3 octobre ; geste commercial";`)
})

test('the manifest notices one changed bit in any file, a file that is missing, and another statement’s', () => {
  const statement = sampleStatements['an ordinary month']
  if (!statement) throw new Error('no sample')
  const files = filesNamed('an ordinary month')
  const manifest = manifestOf(statement, files)
  expect(findChangedFiles(manifest, statement.number, files)).toEqual([])
  for (const format of ['pdf', 'xml', 'csv', 'json'] as const) {
    const changed = Uint8Array.from(files[format])
    changed[50] = (changed[50] ?? 0) ^ 1
    expect(findChangedFiles(manifest, statement.number, { ...files, [format]: changed })).toEqual([
      `${statement.number}.${format}`,
    ])
    const { [format]: _, ...rest } = files
    expect(findChangedFiles(manifest, statement.number, rest)).toEqual([`${statement.number}.${format}`])
  }
  expect(findChangedFiles(manifest, 'PAS-2026-000099', files)).toHaveLength(4)
})

describe('the checks themselves', () => {
  const texts = () => {
    const files = filesNamed('two prices, late charges and refunds')
    return { csv: fromUtf8(files.csv), json: fromUtf8(files.json), xml: fromUtf8(files.xml) }
  }

  test('adding again notices a cent in any format', () => {
    expect(reAdd({ ...texts(), csv: texts().csv.replace('69,22', '69,23') })).not.toEqual([])
    expect(reAdd({ ...texts(), json: texts().json.replace('"vatCents": 361', '"vatCents": 362') })).not.toEqual([])
    expect(() =>
      reAdd({ ...texts(), xml: texts().xml.replace('<ram:CalculatedAmount>3.61', '<ram:CalculatedAmount>3.62') }),
    ).toThrow()
  })

  test.for([
    ['BR-CO-10', '<ram:LineTotalAmount>65.61', '<ram:LineTotalAmount>65.62'],
    ['BR-CO-14', '<ram:CalculatedAmount>3.61', '<ram:CalculatedAmount>3.62'],
    ['BR-CO-15', '<ram:GrandTotalAmount>69.22', '<ram:GrandTotalAmount>69.21'],
    ['BR-CO-16', '<ram:DuePayableAmount>69.22', '<ram:DuePayableAmount>69.20'],
    ['BR-CO-13', '<ram:TaxBasisTotalAmount>65.61', '<ram:TaxBasisTotalAmount>65.60'],
    ['BR-02', '<ram:ID>PAS-2026-000012</ram:ID>', '<ram:ID></ram:ID>'],
    ['BR-S-08', '<ram:BasisAmount>65.61', '<ram:BasisAmount>65.51'],
    ['BR-27', '<ram:ChargeAmount>0.97', '<ram:ChargeAmount>-0.97'],
    ['BR-CO-26', 'schemeID="VA"', 'schemeID="FC"'],
  ] as const)('%s is seen to be broken', ([rule, sound, broken]) => {
    expect(listBrokenRules(texts().xml)).toEqual([])
    expect(texts().xml).toContain(sound)
    expect(listBrokenRules(texts().xml.replaceAll(sound, broken))).toContain(rule)
  })
})
