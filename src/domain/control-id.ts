/** Control ids (MSH-10): twenty characters that HL7 v2.5 allows there, drawn once a declaration and kept for every attempt. */
import { assert } from '../base/assert.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const length = 20

/** 20 characters of five random bits each from at least 20 random bytes: 100 bits, so two never meet. */
export function controlIdFrom(random: Uint8Array): string {
  assert(random.length >= length, 'a control id needs twenty random bytes')
  return Array.from(random.subarray(0, length), (byte) => alphabet.charAt(byte & 31)).join('')
}
