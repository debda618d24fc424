/** Sealing and opening the encrypted columns: each ciphertext opens in the one cell that it was made for, and nowhere else. */
import { randomFillSync } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { columnKey } from './column-keys.ts'
import { pad, unpad } from './padding.ts'
import type { Cell, RecordKey, Sealed } from './sealed.ts'
import { aes256Gcm, nonceBytes, type Suite, tagBytes } from './suites.ts'
import { encodeTuple } from './tuple.ts'

/** Any failure to open, without a word on which check failed: whoever can swap ciphertexts must learn nothing from the answer. */
export class UnopenedError extends Error {
  override readonly name = 'UnopenedError'

  constructor() {
    super('a sealed value did not open')
  }
}

/** format(1) ‖ suite(1) ‖ key ref(16) ‖ nonce(12) ‖ data ‖ tag(16). */
const format = 1
const refAt = 2
const nonceAt = refAt + 16
const dataAt = nonceAt + nonceBytes
/** 1 MiB of clear text: far above any column, and a bound on what a forged row can make us allocate. */
const plainBytesMax = 1024 * 1024
const sealedBytesMax = dataAt + plainBytesMax + tagBytes

export type Envelope = {
  sealColumn<Plain>(recordKey: RecordKey, cell: Cell, value: Plain): Sealed<Plain>
  openColumn<Plain>(recordKey: RecordKey, cell: Cell, sealed: Sealed<Plain>): Plain
  /** The same value under the sealing suite, or null where it is already: the step of a change of suite. */
  resealColumn<Plain>(recordKey: RecordKey, cell: Cell, sealed: Sealed<Plain>): Sealed<Plain> | null
}

/**
 * An envelope that opens `suites` and seals with the first. The gateway has one suite; a second is added first, read by every
 * replica, then put first, then every row is resealed, then the old one is taken out.
 */
export function createEnvelope(suites: readonly [Suite, ...Suite[]]): Envelope {
  const sealing = suites[0]
  const byId = new Map(suites.map((suite) => [suite.id, suite]))
  assert(byId.size === suites.length, 'two suites share a number')

  function sealColumn<Plain>(recordKey: RecordKey, cell: Cell, value: Plain): Sealed<Plain> {
    assert(recordKey.pharmacyId === cell.pharmacyId, "a record key seals its own pharmacy's rows")
    const text: string | undefined = JSON.stringify(value)
    assert(text !== undefined, 'a sealed value is JSON')
    const plain = pad(text)
    assert(plain.length <= plainBytesMax, 'a sealed value is too large')
    const sealed = Buffer.allocUnsafe(dataAt + plain.length + tagBytes)
    sealed[0] = format
    sealed[1] = sealing.id
    assert(sealed.write(recordKey.ref.replaceAll('-', ''), refAt, 'hex') === 16, 'a key ref is a UUID')
    const nonce = sealed.subarray(nonceAt, dataAt)
    randomFillSync(nonce)
    const key = columnKey(recordKey, { table: cell.table, column: cell.column, format, suite: sealing.id })
    sealing.encrypt(key, nonce, associatedData(sealing.id, cell, recordKey.ref), plain, sealed, dataAt)
    plain.fill(0)
    return sealed as Uint8Array as Sealed<Plain>
  }

  function openColumn<Plain>(recordKey: RecordKey, cell: Cell, sealed: Sealed<Plain>): Plain {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    const suite = byId.get(bytes[1] ?? 0)
    const shaped = bytes.length >= dataAt + tagBytes && bytes.length <= sealedBytesMax && bytes[0] === format
    if (!shaped || !suite || recordKey.pharmacyId !== cell.pharmacyId || readRef(bytes) !== recordKey.ref)
      throw new UnopenedError()
    const key = columnKey(recordKey, { table: cell.table, column: cell.column, format, suite: suite.id })
    const end = bytes.length - tagBytes
    let plain: Buffer | null = null
    try {
      const aad = associatedData(suite.id, cell, recordKey.ref)
      plain = suite.decrypt(key, bytes.subarray(nonceAt, dataAt), aad, bytes.subarray(dataAt, end), bytes.subarray(end))
      return JSON.parse(unpad(plain)) as Plain
    } catch {
      throw new UnopenedError()
    } finally {
      plain?.fill(0)
    }
  }

  function resealColumn<Plain>(recordKey: RecordKey, cell: Cell, sealed: Sealed<Plain>): Sealed<Plain> | null {
    if (sealed[0] === format && sealed[1] === sealing.id) return null
    return sealColumn(recordKey, cell, openColumn(recordKey, cell, sealed))
  }

  return { sealColumn, openColumn, resealColumn }
}

const gatewayEnvelope = createEnvelope([aes256Gcm])

/**
 * Seals a JSON value for `cell` under `recordKey`. The length of the result tells only the number of KiB (see padding.ts).
 * Throws `AssertionError` for a wiped key or a key of another pharmacy: faults of ours, before anything is stored.
 */
export function sealColumn<Plain>(recordKey: RecordKey, cell: Cell, value: Plain): Sealed<Plain> {
  return gatewayEnvelope.sealColumn(recordKey, cell, value)
}

/** Opens what `sealColumn` made for the same cell and key; throws `UnopenedError` for anything else whatsoever. */
export function openColumn<Plain>(recordKey: RecordKey, cell: Cell, sealed: Sealed<Plain>): Plain {
  return gatewayEnvelope.openColumn(recordKey, cell, sealed)
}

function associatedData(suite: number, cell: Cell, ref: string): Buffer {
  return encodeTuple(['passerelle', String(format), String(suite), cell.pharmacyId, cell.table, cell.column, cell.rowId, ref])
}

function readRef(bytes: Buffer): string {
  const hex = bytes.toString('hex', refAt, nonceAt)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
