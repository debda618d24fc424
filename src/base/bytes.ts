/** Bytes: UTF-8 both ways, strict when reading. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Decodes UTF-8; throws `TypeError` on a malformed sequence instead of inventing a character. */
export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
}
