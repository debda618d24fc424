/** Digests of what leaves and of what comes back: the only use of `node:crypto` in this room and in destinations. */
import { hash } from 'node:crypto'

/** Lower-case hexadecimal SHA-256 of the bytes: joins an attempt or a receipt to the bytes that it speaks of. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}
