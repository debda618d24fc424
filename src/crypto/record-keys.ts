/** Record keys under a tenant key: 32 random bytes a screening, wrapped by native AES-256-GCM. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { assert } from '../base/assert.ts'
import type { RecordKey } from './sealed.ts'
import { encodeTuple } from './tuple.ts'

/** The tenant key that wraps: its id is part of the associated data. */
export type RecordWrappingKey = { readonly id: string; readonly bytes: Uint8Array }

/** nonce(12) ‖ key(32) ‖ tag(16). */
export const wrappedBytes = 60
const nonceBytes = 12
const tagAt = nonceBytes + 32
const algorithm = 'aes-256-gcm'
const options = { authTagLength: 16 } as const

export function newRecordKey(pharmacyId: string, ref: string): RecordKey {
  return { ref, pharmacyId, bytes: randomBytes(32) }
}

/** Random nonces: one tenant key wraps far fewer than 2^32 record keys (SP 800-38D), and rotates long before. */
export function wrapRecordKey(under: RecordWrappingKey, key: RecordKey): Buffer {
  return wrapWith(under, key, randomBytes(nonceBytes))
}

/** The same for many at once: the nonces come in one draw, which is a fifth of the cost. */
export function wrapRecordKeys(pairs: ReadonlyArray<{ readonly under: RecordWrappingKey; readonly key: RecordKey }>): Buffer[] {
  const nonces = randomBytes(pairs.length * nonceBytes)
  return pairs.map(({ under, key }, index) => wrapWith(under, key, nonces.subarray(index * nonceBytes, (index + 1) * nonceBytes)))
}

function wrapWith(under: RecordWrappingKey, key: RecordKey, nonce: Buffer): Buffer {
  assert(key.bytes.length === 32 && nonce.length === nonceBytes, 'a record key has 32 bytes, its nonce 12')
  const cipher = createCipheriv(algorithm, under.bytes, nonce, options)
  cipher.setAAD(associatedData(under.id, key))
  const data = cipher.update(key.bytes)
  cipher.final()
  return Buffer.concat([nonce, data, cipher.getAuthTag()], wrappedBytes)
}

/** The key, or null where `wrapped` is not this record's key under this tenant key. */
export function unwrapRecordKey(
  under: RecordWrappingKey,
  row: { readonly ref: string; readonly pharmacyId: string; readonly wrapped: Uint8Array },
): RecordKey | null {
  if (row.wrapped.length !== wrappedBytes) return null
  const decipher = createDecipheriv(algorithm, under.bytes, row.wrapped.subarray(0, nonceBytes), options)
  decipher.setAAD(associatedData(under.id, row))
  decipher.setAuthTag(row.wrapped.subarray(tagAt))
  const bytes = decipher.update(row.wrapped.subarray(nonceBytes, tagAt))
  try {
    decipher.final()
  } catch {
    return null
  }
  return { ref: row.ref, pharmacyId: row.pharmacyId, bytes }
}

function associatedData(tenantKeyId: string, row: { ref: string; pharmacyId: string }): Buffer {
  return encodeTuple(['passerelle', 'record-key', '1', row.pharmacyId, row.ref, tenantKeyId])
}
