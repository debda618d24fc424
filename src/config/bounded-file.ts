/** Reads small text files, with a bound, and says in fixed words why one cannot be read. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { fromUtf8 } from '../base/bytes.ts'
import { fail, ok, type Result } from '../base/result.ts'

/** The problem is a clause that follows the file's name; it never holds a byte of the file. `whenAbsent`: the text of no file at all. */
export function readBoundedText(
  path: string,
  bytesMax: number,
  options: { readonly whenAbsent?: string } = {},
): Result<string, string> {
  try {
    // A pipe or a device would block the start, or never end.
    if (!statSync(path).isFile()) return fail('is not a regular file')
    const bytes = readUpTo(path, bytesMax + 1)
    if (bytes.length > bytesMax) return fail(`is larger than ${bytesMax} bytes`)
    return ok(fromUtf8(bytes))
  } catch (cause) {
    if (cause instanceof TypeError && 'code' in cause && cause.code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      return fail('is not UTF-8 text')
    if (options.whenAbsent !== undefined && systemCodeOf(cause) === 'ENOENT') return ok(options.whenAbsent)
    return fail(`cannot be read (${systemCodeOf(cause)})`)
  }
}

function readUpTo(path: string, bytesMax: number): Uint8Array {
  const buffer = new Uint8Array(bytesMax)
  const descriptor = openSync(path, 'r')
  try {
    let length = 0
    while (length < bytesMax) {
      const read = readSync(descriptor, buffer, length, bytesMax - length, null)
      if (read === 0) break
      length += read
    }
    return buffer.subarray(0, length)
  } finally {
    closeSync(descriptor)
  }
}

function systemCodeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown cause'
}
