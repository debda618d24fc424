/** Looks for texts in bytes under every guise in which a careless system would store them. */

/** The byte forms of a text: UTF-8, UTF-16 both ways, base64 at its three offsets, hexadecimal; also in capitals and small letters. */
function guisesOf(text: string): readonly Buffer[] {
  const spellings = new Set([text, text.toUpperCase(), text.toLowerCase(), text.normalize('NFD'), encodeURIComponent(text)])
  return [...spellings].flatMap((spelling) => {
    const utf8 = Buffer.from(spelling)
    const utf16 = Buffer.from(spelling, 'utf16le')
    const hex = utf8.toString('hex')
    return [utf8, utf16, Buffer.from(utf16).swap16(), Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...base64Forms(utf8)]
  })
}

/** The part of the base64 text that does not depend on what stands before and after, for each of the three offsets. */
function base64Forms(bytes: Buffer): readonly Buffer[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const inner = text.slice(offset === 0 ? 0 : offset + 1, text.length - ((bytes.length + offset) % 3 === 0 ? 0 : 1))
    return inner.length < 8 ? [] : [Buffer.from(inner), Buffer.from(inner.replaceAll('+', '-').replaceAll('/', '_'))]
  })
}

export type NeedleFinder = (haystack: Uint8Array) => readonly string[]

/** Needles have at least four bytes. The finder walks the bytes once, whatever the number of needles. */
export function createNeedleFinder(needles: readonly string[]): NeedleFinder {
  const byStart = new Map<number, { needle: string; guise: Buffer }[]>()
  // Two bytes rule out nearly every place before the map is asked.
  const starts = new Uint8Array(65_536)
  for (const needle of new Set(needles)) {
    for (const guise of guisesOf(needle)) {
      const start = guise.readUInt32BE(0)
      byStart.set(start, [...(byStart.get(start) ?? []), { needle, guise }])
      starts[start >>> 16] = 1
    }
  }
  return (haystack) => {
    const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength)
    const found = new Set<string>()
    for (let at = 0; at + 4 <= bytes.length; at++) {
      if (starts[((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)] !== 1) continue
      for (const { needle, guise } of byStart.get(bytes.readUInt32BE(at)) ?? [])
        if (bytes.compare(guise, 0, guise.length, at, Math.min(at + guise.length, bytes.length)) === 0) found.add(needle)
    }
    return [...found].toSorted()
  }
}
