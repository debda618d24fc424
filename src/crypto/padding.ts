/** Padding: the length of a ciphertext must not tell POSITIVE from INDETERMINATE, nor whether a NIR is there. */
import { assert } from '../base/assert.ts'

/**
 * A patient's traits as JSON take 300 to 600 bytes and an act 250 to 700, whatever was typed; steps of 1 KiB put every ordinary
 * one in the same, first, step. What still shows is that a value is exceptionally long (a comment of a thousand signs).
 */
export const paddingStepBytes = 1024
const lengthBytes = 4
const zeros = Buffer.alloc(paddingStepBytes)

/** UTF-8 of `text` after its length (4 bytes, big endian), filled up with zeros to a whole number of steps. */
export function pad(text: string): Buffer {
  const size = Buffer.byteLength(text)
  const padded = Buffer.alloc(Math.ceil((lengthBytes + size) / paddingStepBytes) * paddingStepBytes)
  padded.writeUInt32BE(size, 0)
  padded.write(text, lengthBytes)
  return padded
}

/** The text that `pad` was given; throws `AssertionError` for any other bytes. */
export function unpad(padded: Buffer): string {
  assert(padded.length > 0 && padded.length % paddingStepBytes === 0, 'padding: not a whole number of steps')
  const end = lengthBytes + padded.readUInt32BE(0)
  assert(end <= padded.length && padded.length - end < paddingStepBytes, 'padding: bad length')
  assert(padded.subarray(end).equals(zeros.subarray(0, padded.length - end)), 'padding: not zero')
  return padded.toString('utf8', lengthBytes, end)
}
