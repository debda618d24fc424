/** Checkpoints outside the database: a file that is only appended to, on another volume, read back by the verifier. */
import { open, readFile, stat } from 'node:fs/promises'

const anchorBytesMax = 256 * 1024 * 1024

/** Appends a checkpoint and a blank line, and answers once the disk has it. The file is made where it is not there yet. */
export async function appendAnchor(path: string, checkpoint: string): Promise<void> {
  const file = await open(path, 'a', 0o640)
  try {
    await file.appendFile(`${checkpoint}\n`)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Every checkpoint of the file; a last one that a crash cut short is left out. Throws where the file cannot be read. */
export async function readAnchors(path: string): Promise<readonly string[]> {
  const { size } = await stat(path)
  if (size > anchorBytesMax) throw new Error(`the anchor file is larger than ${anchorBytesMax} bytes`)
  const text = await readFile(path, 'utf8')
  // A note is three lines, a blank one, and its signature; a blank line follows.
  return [...text.matchAll(/[^\n]+\n\d+\n[^\n]+\n\n— [^\n]+\n(?=\n)/g)].map(([note]) => note)
}
