/** Identifiers of documents: OIDs under 2.25, which anybody may derive from a UUID without asking a registrar. */
import { hash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { isId } from '../../base/ids.ts'

/**
 * Root of the local patient ids that stand in for a missing INS: our own UUID dc8fed33-f03d-483c-9145-6e9470d1471d. The
 * extension is the screening's id, random and met once in the world, so that one root serves every pharmacy.
 */
export const localPatientRoot = '2.25.293177468569514814022867721409403111197'

/** `setId`: the same for every version of a screening. A whole OID without extension, as the DMP asks (guide v2.1, TXA-12). */
export function documentSetOid(screeningId: string): string {
  assert(isId(screeningId), 'a screening id is a lower-case UUID')
  return uuidOid(screeningId.replaceAll('-', ''))
}

/**
 * The id of one version of a screening: the first 128 bits of SHA-256 of both, marked as a UUID of version 8 (RFC 9562
 * §5.8). The same for every attempt and every destination, so that a receiver knows a document that comes twice, and a
 * replacement or cancellation names the very id that went out before, without our storing it.
 */
export function documentOid(screeningId: string, version: number): string {
  assert(isId(screeningId), 'a screening id is a lower-case UUID')
  assert(Number.isSafeInteger(version) && version >= 1, 'versions count from 1')
  const digest = hash('sha256', `passerelle:document:${screeningId}:${version}`, 'hex')
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return uuidOid(`${digest.slice(0, 12)}8${digest.slice(13, 16)}${variant}${digest.slice(17, 32)}`)
}

function uuidOid(hexadecimal: string): string {
  return `2.25.${BigInt(`0x${hexadecimal}`)}`
}
