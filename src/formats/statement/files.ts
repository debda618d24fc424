/** All files of a statement, and the manifest of their digests, which is what gets signed. */
import { utf8 } from '../../base/bytes.ts'
import type { Statement } from '../../domain/statement.ts'
import { sha256Hex } from '../digest.ts'
import { ciiOf } from './cii.ts'
import { csvOf } from './csv.ts'
import type { StatementFonts } from './fonts.ts'
import { jsonOf } from './json.ts'

export type StatementFiles = Readonly<Record<'pdf' | 'xml' | 'csv' | 'json', Uint8Array>>

export async function filesOf(statement: Statement, fonts: StatementFonts): Promise<StatementFiles> {
  const xml = ciiOf(statement)
  // Loaded where the first statement is written: most processes never write one.
  const { pdfOf } = await import('./pdf.ts')
  return { pdf: await pdfOf(statement, xml, fonts), xml, csv: csvOf(statement), json: jsonOf(statement) }
}

/** `PAS-2026-000012.pdf`: how a file is called where it is downloaded, and in the manifest. */
export function fileName(number: string, format: keyof StatementFiles): string {
  return `${number}.${format}`
}

/** JSON text of names, sizes and SHA-256 digests, in a fixed order; signed as it stands. */
export function manifestOf(statement: Statement, files: StatementFiles): string {
  const listed = (['pdf', 'xml', 'csv', 'json'] as const).map((format) => ({
    name: fileName(statement.number, format),
    bytes: files[format].length,
    sha256: sha256Hex(files[format]),
  }))
  return `${JSON.stringify({ format: 'passerelle-statement-manifest', version: 1, number: statement.number, files: listed }, null, 2)}\n`
}

/** Names of files whose bytes are not those that the manifest speaks of; the manifest must be one of ours. */
export function findChangedFiles(manifest: string, number: string, files: Partial<StatementFiles>): readonly string[] {
  const parsed = JSON.parse(manifest) as { number?: unknown; files?: readonly { name: string; bytes: number; sha256: string }[] }
  const listed = new Map((parsed.files ?? []).map((file) => [file.name, file]))
  return (['pdf', 'xml', 'csv', 'json'] as const)
    .map((format) => [fileName(number, format), files[format]] as const)
    .filter(([name, bytes]) => {
      const said = listed.get(name)
      return parsed.number !== number || !said || !bytes || said.bytes !== bytes.length || said.sha256 !== sha256Hex(bytes)
    })
    .map(([name]) => name)
}

/** Kept beside the digest's other uses: the text that is signed, as bytes. */
export function manifestBytes(manifest: string): Uint8Array {
  return utf8(manifest)
}
