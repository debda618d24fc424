/** Column keys: derived from a record key, kept beside it while it lives, wiped with it. */
import { createHmac } from 'node:crypto'
import { assert } from '../base/assert.ts'
import type { RecordKey } from './sealed.ts'
import { encodeTuple } from './tuple.ts'

/** One suite and format of one table and column: what a column key is for. */
export type ColumnUse = { readonly table: string; readonly column: string; readonly format: number; readonly suite: number }

type Derived = { readonly extracted: Buffer; readonly byUse: Map<string, Buffer> }

/** A screening has a handful of columns, under at most two suites while a format changes. */
const usesMax = 64
const zeroSalt = Buffer.alloc(32)
const lastBlock = Buffer.from([1])
const zeroKey = Buffer.alloc(32)
const derivedKeys = new WeakMap<RecordKey, Derived>()
const infos = new Map<string, Buffer>()

/**
 * HKDF-SHA-256 (RFC 5869) of the record key, no salt, info = length-prefixed (application, purpose, table, column, format,
 * suite); 32 bytes. The extract step is kept, so that a second column of the same record costs one HMAC.
 */
export function columnKey(recordKey: RecordKey, use: ColumnUse): Buffer {
  const derived = derivedKeys.get(recordKey) ?? startDeriving(recordKey)
  const name = `${use.format}.${use.suite}.${use.table}.${use.column}`
  const known = derived.byUse.get(name)
  if (known) return known
  assert(derived.byUse.size < usesMax, 'too many columns under one record key')
  const key = createHmac('sha256', derived.extracted).update(infoFor(use, name)).update(lastBlock).digest()
  derived.byUse.set(name, key)
  return key
}

/** Overwrites a record key and everything derived from it; a later use of the same object throws `AssertionError`. */
export function wipeRecordKey(recordKey: RecordKey): void {
  const derived = derivedKeys.get(recordKey)
  if (derived) {
    derived.extracted.fill(0)
    for (const key of derived.byUse.values()) key.fill(0)
    derivedKeys.delete(recordKey)
  }
  recordKey.bytes.fill(0)
}

function startDeriving(recordKey: RecordKey): Derived {
  assert(recordKey.bytes.length === 32, 'a record key has 32 bytes')
  // A wiped key is all zeros: sealing under it would be sealing under a key that everybody knows.
  assert(!zeroKey.equals(recordKey.bytes), 'this record key has been wiped')
  const extracted = createHmac('sha256', zeroSalt).update(recordKey.bytes).digest()
  const derived = { extracted, byUse: new Map<string, Buffer>() }
  derivedKeys.set(recordKey, derived)
  return derived
}

/** The same few tables and columns for ever: kept, since encoding them costs as much as the HMAC. */
function infoFor(use: ColumnUse, name: string): Buffer {
  const known = infos.get(name)
  if (known) return known
  const info = encodeTuple(['passerelle', 'column-key', use.table, use.column, String(use.format), String(use.suite)])
  if (infos.size < usesMax) infos.set(name, info)
  return info
}
