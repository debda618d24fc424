/**
 * Reads an HL7 v2 message as the simulated national file does: strictly, and on purpose without a line of the product's
 * own codec, so that a mistake made when writing cannot be made again when reading.
 */
export type Refusal = { readonly code: string; readonly location: string; readonly says: string }

export type ReadMessage = { readonly segments: readonly ReadSegment[] }
/** Text by field, repetition, component and subcomponent, each counted from 1; empty where there is none. */
export type ReadSegment = { readonly name: string; readonly raw: readonly string[] }

export class MessageRefused extends Error {
  readonly refusal: Refusal

  constructor(code: string, location: string, says: string) {
    super(says)
    this.refusal = { code, location, says }
  }
}

/** Throws `MessageRefused` on a frame that is not exactly that of the assumed profile: UTF-8, `|^~\&`, CR after each segment. */
export function readMessage(bytes: Uint8Array): ReadMessage {
  const text = decode(bytes)
  if (!text.startsWith('MSH|^~\\&|')) throw new MessageRefused('100', 'MSH', 'Le message ne commence pas par MSH|^~\\&|.')
  if (text.includes('\n')) throw new MessageRefused('100', 'MSH', 'Un saut de ligne (LF) se trouve dans le message.')
  if (!text.endsWith('\r')) throw new MessageRefused('100', 'MSH', 'Le dernier segment ne se termine pas par CR.')
  const segments = text
    .slice(0, -1)
    .split('\r')
    .map((line) => {
      if (!/^[A-Z][A-Z0-9]{2}(\||$)/.test(line)) throw new MessageRefused('100', '', 'Un segment n’a pas de nom.')
      return { name: line.slice(0, 3), raw: line.split('|') }
    })
  return { segments }
}

/** The control id of bytes that may be anything, to answer even what is refused; empty when there is none. */
export function controlIdOf(bytes: Uint8Array): string {
  const [header = ''] = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split('\r', 1)
  return header.startsWith('MSH|') ? (header.split('|')[9] ?? '').slice(0, 50) : ''
}

/** `at(segment, 'PID-3[2].4.2')`: field, repetition, component, subcomponent; those left out are 1. */
export function at(segment: ReadSegment, place: string): string {
  const match = /^[A-Z0-9]{3}-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?(?:\.(\d+))?$/.exec(place)
  if (!match) throw new Error(`not a place: ${place}`)
  const [field = 1, repetition = 1, component = 1, subcomponent = 1] = match.slice(1).map((digits) => Number(digits ?? 1))
  // MSH-1 is the separator itself, so that MSH-n stands one place further left.
  const raw = segment.raw[segment.name === 'MSH' ? field - 1 : field] ?? ''
  const part = raw.split('~')[repetition - 1]?.split('^')[component - 1]?.split('&')[subcomponent - 1]
  return unescaped(part ?? '')
}

export function repetitions(segment: ReadSegment, field: number): number {
  const raw = segment.raw[segment.name === 'MSH' ? field - 1 : field] ?? ''
  return raw === '' ? 0 : raw.split('~').length
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new MessageRefused('102', 'MSH-18', 'Le message n’est pas en UTF-8.')
  }
}

const escaped: Record<string, string> = { F: '|', S: '^', T: '&', R: '~', E: '\\' }

function unescaped(text: string): string {
  return text.replaceAll(/\\([^\\]*)\\/g, (_, sequence: string) => {
    const plain = escaped[sequence]
    if (plain !== undefined) return plain
    const hexadecimal = /^X((?:[0-9A-F]{2})+)$/.exec(sequence)
    if (!hexadecimal) throw new MessageRefused('102', '', 'Une séquence d’échappement est inconnue.')
    return Buffer.from(hexadecimal[1] ?? '', 'hex').toString('utf8')
  })
}
