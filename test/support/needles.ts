/** Looks for texts in bytes under every guise in which a careless system would store them, compressed ones too. */
import { gunzipSync, inflateSync, constants as zlib } from 'node:zlib'

/** The byte forms of a text: UTF-8 and its reverse, UTF-16 both ways, base64 at its three offsets, hexadecimal; also in capitals and small letters. */
function guisesOf(text: string): readonly Buffer[] {
  const spellings = new Set([text, text.toUpperCase(), text.toLowerCase(), text.normalize('NFD'), encodeURIComponent(text)])
  return [...spellings].flatMap((spelling) => {
    const utf8 = Buffer.from(spelling)
    const utf16 = Buffer.from(spelling, 'utf16le')
    const hex = utf8.toString('hex')
    return [
      utf8,
      Buffer.from(utf8.toReversed()),
      utf16,
      Buffer.from(utf16).swap16(),
      Buffer.from(hex),
      Buffer.from(hex.toUpperCase()),
      ...base64Forms(utf8),
    ]
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

/** A stream within a stream within a stream: a dump that was compressed, in an archive that was compressed, and one to spare. */
const depthMax = 3
const inflatedBytesMax = 512 * 1024 * 1024
/** Two bytes open a zlib stream, and stand in any file by chance: what inflates to less than this was none, or hides nothing. */
const inflatedBytesMin = 4

/** As `createNeedleFinder`, and looks also into every gzip member and zlib stream that stands anywhere in the bytes. */
export function createDeepNeedleFinder(needles: readonly string[]): NeedleFinder {
  const find = createNeedleFinder(needles)
  const look = (haystack: Uint8Array, depth: number): readonly string[] => [
    ...find(haystack),
    ...(depth === depthMax ? [] : inflateAll(haystack).flatMap((inflated) => look(inflated, depth + 1))),
  ]
  return (haystack) => [...new Set(look(haystack, 0))].toSorted()
}

const gzipMarker = Buffer.of(0x1f, 0x8b, 8)
/** RFC 1950: deflate, a window of 32 KiB. */
const zlibMarker = Buffer.of(0x78)

/** What stands compressed in these bytes: gzip members, zlib streams, and zlib streams in the pieces of pg_dump's custom format. */
export function inflateAll(haystack: Uint8Array): readonly Buffer[] {
  const bytes = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength)
  const found: Buffer[] = []
  for (const marker of [gzipMarker, zlibMarker])
    for (let at = bytes.indexOf(marker); at !== -1; at = bytes.indexOf(marker, at + 1)) {
      const opened = openStream(bytes, at)
      if (opened && opened.length >= inflatedBytesMin) found.push(opened)
    }
  return found
}

function openStream(bytes: Buffer, at: number): Buffer | null {
  const [first = 0, second = 0] = [bytes[at], bytes[at + 1]]
  // Cut off in the middle they count too: a file can be, and a page of one.
  const options = { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: inflatedBytesMax }
  try {
    if (first === 0x1f) return gunzipSync(bytes.subarray(at), options)
    // No dictionary, and a check that leaves no rest.
    const isZlib = (first * 256 + second) % 31 === 0 && (second & 0x20) === 0
    return isZlib && mayBeginBlock(bytes, at + 2) ? inflateSync(pieces(bytes, at) ?? bytes.subarray(at), options) : null
  } catch {
    return null
  }
}

/** RFC 1951, the first bits of a block: rules out most of what is a stream by chance, before anything is allocated for it. */
function mayBeginBlock(bytes: Buffer, at: number): boolean {
  const bits = bytes[at] ?? 0
  const kind = (bits >> 1) & 3
  if (kind === 0) return at + 5 <= bytes.length && (bytes.readUInt16LE(at + 1) ^ bytes.readUInt16LE(at + 3)) === 0xffff
  if (kind === 2) return bits >> 3 <= 29 && ((bytes[at + 1] ?? 0) & 0x1f) <= 29
  return kind === 1
}

/** pg_dump -Fc cuts a stream into pieces, each after its length: a sign byte and four bytes, little-endian; a length of zero ends it. */
function pieces(bytes: Buffer, at: number): Buffer | null {
  const parts: Buffer[] = []
  for (let from = at - 5; from >= 0 && from + 5 <= bytes.length; ) {
    const length = bytes[from] === 0 ? bytes.readUInt32LE(from + 1) : -1
    if (length === 0) return Buffer.concat(parts)
    if (length < 0 || from + 5 + length > bytes.length) return null
    parts.push(bytes.subarray(from + 5, from + 5 + length))
    from += 5 + length
  }
  return null
}
