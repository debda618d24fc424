/** Writes the answers of the simulated national file. */
import { at, readMessage } from './hl7-reader.ts'

export type AnswerOptions = {
  readonly code: 'AA' | 'AE' | 'AR'
  /** The control id that MSA-2 names: the one received, but for a lie. */
  readonly controlId: string
  readonly error?: { readonly code: string; readonly location: string; readonly says: string } | undefined
  readonly now: Date
}

/** The acknowledgement of `message`; the same MSH-10 for the same control id, so that the same message gets the same answer. */
export function writeAcknowledgement(message: Uint8Array, { code, controlId, error, now }: AnswerOptions): string {
  const header = headerOf(message)
  const time = now.toISOString().replaceAll(/[-T:]/g, '').slice(0, 14)
  const lines = [
    `MSH|^~\\&|${header.receiver}|${header.sender}|${time}+0000||ACK^R01^ACK|R${controlId.slice(0, 19)}|${header.processingId}|2.5|||||FRA|UNICODE UTF-8`,
    `MSA|${code}|${controlId}`,
  ]
  if (error) lines.push(`ERR||${locationOf(error.location)}|${error.code}^^HL70357|E||||${escapeText(error.says)}`)
  return `${lines.join('\r')}\r`
}

/** MSH-3/4 and 5/6 swapped, MSH-11 as received; bare names where the message could not be read. */
function headerOf(message: Uint8Array): { sender: string; receiver: string; processingId: string } {
  try {
    const [msh] = readMessage(message).segments
    if (!msh) throw new Error('no MSH')
    const place = (field: number) => escapeText(at(msh, `MSH-${field}`))
    return { sender: `${place(3)}|${place(4)}`, receiver: `${place(5)}|${place(6)}`, processingId: place(11) }
  } catch {
    return { sender: '|', receiver: 'SI-DEP|SI-DEP', processingId: 'T' }
  }
}

/** `OBX[2]-5.1` as the ERL `OBX^2^5^1^1`. */
function locationOf(location: string): string {
  const match = /^([A-Z0-9]{3})(?:\[(\d+)\])?(?:-(\d+))?(?:\[\d+\])?(?:\.(\d+))?/.exec(location)
  if (!match) return ''
  const [, name = '', sequence = '1', field, component] = match
  if (field === undefined) return `${name}^${sequence}`
  return component === undefined ? `${name}^${sequence}^${field}` : `${name}^${sequence}^${field}^1^${component}`
}

function escapeText(text: string): string {
  const sequences: Record<string, string> = { '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\\': '\\E\\' }
  return text.replaceAll(/[|^&~\\]/g, (character) => sequences[character] ?? '').replaceAll(/[\r\n]/g, ' ')
}
