/** Control ids (MSH-10): twenty characters that HL7 v2.5 allows there, drawn once a declaration and kept for every attempt. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 20 characters of five random bits each from at least 20 random bytes: 100 bits, so two never meet. */
export function controlIdFrom(random: Uint8Array): string {
  return Array.from(random.subarray(0, 20), (byte) => alphabet.charAt(byte & 31)).join('')
}
