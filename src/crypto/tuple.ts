/** One unambiguous encoding of several texts: each is preceded by its length, so that `a·bc` and `ab·c` differ. */
export function encodeTuple(parts: readonly string[]): Buffer {
  let size = 0
  for (const part of parts) size += 4 + Buffer.byteLength(part)
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const part of parts) {
    const written = bytes.write(part, at + 4)
    bytes.writeUInt32BE(written, at)
    at += 4 + written
  }
  return bytes
}
