/** Record keys under the key of their block, and block keys under a tenant key: 32 random bytes each, native AES-256-GCM. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { assert } from '../base/assert.ts'
import type { RecordKey } from './sealed.ts'
import { encodeTuple } from './tuple.ts'

/** The key that wraps: its id is part of the associated data. */
export type RecordWrappingKey = { readonly id: string; readonly bytes: Uint8Array }
/** The key of one block of record keys; lives as long as the wrapping or unwrapping of its members, and is never cached. */
export type BlockKey = { readonly id: string; readonly pharmacyId: string; readonly bytes: Uint8Array }

/** nonce(12) ‖ key(32) ‖ tag(16). */
export const wrappedBytes = 60
const nonceBytes = 12
const tagAt = nonceBytes + 32
const algorithm = 'aes-256-gcm'
const options = { authTagLength: 16 } as const

export function newRecordKey(pharmacyId: string, ref: string): RecordKey {
  return { ref, pharmacyId, bytes: randomBytes(32) }
}

export function newBlockKey(pharmacyId: string, id: string): BlockKey {
  return { id, pharmacyId, bytes: randomBytes(32) }
}

/** Under the key of its block (before there were blocks: under a tenant key). Random nonces: SP 800-38D allows 2^32 a key. */
export function wrapRecordKey(under: RecordWrappingKey, key: RecordKey): Buffer {
  return wrapWith(under, recordData(under, key), key.bytes, randomBytes(nonceBytes))
}

/** Under a tenant key, many at once: the nonces come in one draw, which is a fifth of the cost. */
export function wrapBlockKeys(pairs: ReadonlyArray<{ readonly under: RecordWrappingKey; readonly key: BlockKey }>): Buffer[] {
  const nonces = randomBytes(pairs.length * nonceBytes)
  return pairs.map(({ under, key }, index) =>
    wrapWith(under, blockData(under, key), key.bytes, nonces.subarray(index * nonceBytes, (index + 1) * nonceBytes)),
  )
}

/** The key, or null where `wrapped` is not this record's key under this wrapping key. */
export function unwrapRecordKey(
  under: RecordWrappingKey,
  row: { readonly ref: string; readonly pharmacyId: string; readonly wrapped: Uint8Array },
): RecordKey | null {
  const bytes = unwrapWith(under, recordData(under, row), row.wrapped)
  return bytes && { ref: row.ref, pharmacyId: row.pharmacyId, bytes }
}

/** The key, or null where `wrapped` is not this block's key under this tenant key. */
export function unwrapBlockKey(
  under: RecordWrappingKey,
  row: { readonly id: string; readonly pharmacyId: string; readonly wrapped: Uint8Array },
): BlockKey | null {
  const bytes = unwrapWith(under, blockData(under, row), row.wrapped)
  return bytes && { id: row.id, pharmacyId: row.pharmacyId, bytes }
}

function recordData(under: RecordWrappingKey, row: { ref: string; pharmacyId: string }): Buffer {
  return encodeTuple(['passerelle', 'record-key', '1', row.pharmacyId, row.ref, under.id])
}

function blockData(under: RecordWrappingKey, row: { id: string; pharmacyId: string }): Buffer {
  return encodeTuple(['passerelle', 'block-key', '1', row.pharmacyId, row.id, under.id])
}

function wrapWith(under: RecordWrappingKey, associatedData: Buffer, bytes: Uint8Array, nonce: Buffer): Buffer {
  assert(bytes.length === 32 && nonce.length === nonceBytes, 'a wrapped key has 32 bytes, its nonce 12')
  const cipher = createCipheriv(algorithm, under.bytes, nonce, options)
  cipher.setAAD(associatedData)
  const data = cipher.update(bytes)
  cipher.final()
  return Buffer.concat([nonce, data, cipher.getAuthTag()], wrappedBytes)
}

function unwrapWith(under: RecordWrappingKey, associatedData: Buffer, wrapped: Uint8Array): Buffer | null {
  if (wrapped.length !== wrappedBytes) return null
  const decipher = createDecipheriv(algorithm, under.bytes, wrapped.subarray(0, nonceBytes), options)
  decipher.setAAD(associatedData)
  decipher.setAuthTag(wrapped.subarray(tagAt))
  const bytes = decipher.update(wrapped.subarray(nonceBytes, tagAt))
  try {
    decipher.final()
  } catch {
    return null
  }
  return bytes
}
