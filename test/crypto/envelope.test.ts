import { createCipheriv, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { columnKey, wipeRecordKey } from '../../src/crypto/column-keys.ts'
import { createEnvelope, openColumn, sealColumn, UnopenedError } from '../../src/crypto/envelope.ts'
import type { Cell, RecordKey, Sealed } from '../../src/crypto/sealed.ts'
import { aes256Gcm } from '../../src/crypto/suites.ts'
import { encodeTuple } from '../../src/crypto/tuple.ts'
import { analytes, screeningResults } from '../../src/domain/screening.ts'
import { chachaSuite } from './second-suite.ts'

const pharmacyId = randomUUID()
const newKey = (pharmacy = pharmacyId): RecordKey => ({ ref: randomUUID(), pharmacyId: pharmacy, bytes: randomBytes(32) })
const key = newKey()
const cell: Cell = { pharmacyId, table: 'screenings', column: 'patient', rowId: randomUUID() }
const value = { birthName: "D'ANGELO", birthFirstName: 'ÉLODIE', note: '\u0000 𝄞' }

function expectRefused(recordKey: RecordKey, at: Cell, bytes: Uint8Array): void {
  let thrown: unknown
  try {
    openColumn(recordKey, at, bytes as Sealed<unknown>)
  } catch (cause) {
    thrown = cause
  }
  // One error without a cause or a detail: nothing tells one failure from another.
  if (!(thrown instanceof UnopenedError)) expect.fail(`not refused as it should be: ${String(thrown)}`)
  expect([thrown.message, 'cause' in thrown]).toEqual(['a sealed value did not open', false])
}

describe('a sealed column', () => {
  test('opens to the value that was sealed, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const plain: unknown = JSON.parse(JSON.stringify(json))
        expect(openColumn(key, cell, sealColumn(key, cell, plain))).toEqual(plain)
      }),
    )
  })

  test('has the layout format, suite, key ref, nonce, data, tag', () => {
    const sealed = Buffer.from(sealColumn(key, cell, value))
    expect([sealed[0], sealed[1]]).toEqual([1, 1])
    expect(sealed.subarray(2, 18).toString('hex')).toBe(key.ref.replaceAll('-', ''))
    expect(sealed.length).toBe(2 + 16 + 12 + 1024 + 16)
  })

  test('never repeats: the same value sealed twice shares no nonce and no data', () => {
    const nonces = new Set(Array.from({ length: 2000 }, () => Buffer.from(sealColumn(key, cell, value)).toString('hex', 18, 46)))
    expect(nonces.size).toBe(2000)
  })

  test('moved to another pharmacy, table, column or row does not open', () => {
    const sealed = sealColumn(key, cell, value)
    const ids = fc.uuid()
    const names = fc.constantFrom('screenings', 'screening', 'screeningsp', 'patient', 'act', 'reason', '', 'atient')
    const cells = fc.record({ pharmacyId: ids, table: names, column: names, rowId: ids })
    fc.assert(
      fc.property(fc.constantFrom('pharmacyId', 'table', 'column', 'rowId'), cells, (part, other) => {
        const moved = { ...cell, [part]: other[part] }
        fc.pre(JSON.stringify(moved) !== JSON.stringify(cell))
        expectRefused(key, moved, sealed)
        expectRefused({ ...key, pharmacyId: moved.pharmacyId }, moved, sealed)
      }),
    )
  })

  test('opens in one cell only, of all pairs of rows, columns, tables and pharmacies', () => {
    const pharmacies = [pharmacyId, randomUUID()]
    const rows = [randomUUID(), randomUUID()]
    const cells = pharmacies.flatMap((pharmacy) =>
      ['screenings', 'imports'].flatMap((table) =>
        ['patient', 'act'].flatMap((column) => rows.map((rowId): Cell => ({ pharmacyId: pharmacy, table, column, rowId }))),
      ),
    )
    const keyFor = (at: Cell) => ({ ...key, pharmacyId: at.pharmacyId })
    for (const from of cells) {
      const sealed = sealColumn(keyFor(from), from, value)
      for (const to of cells) {
        if (from === to) expect(openColumn(keyFor(to), to, sealed)).toEqual(value)
        else expectRefused(keyFor(to), to, sealed)
      }
    }
  })

  test('does not open where names run together otherwise', () => {
    const at = { ...cell, table: 'a', column: 'bc' }
    expectRefused(key, { ...cell, table: 'ab', column: 'c' }, sealColumn(key, at, value))
  })

  test('does not open under another key, not even one with the same ref', () => {
    const sealed = sealColumn(key, cell, value)
    expectRefused(newKey(), cell, sealed)
    expectRefused({ ...newKey(), ref: key.ref }, cell, sealed)
    expectRefused({ ...key, ref: randomUUID() }, cell, sealed)
  })

  test('relabelled with the ref of another key does not open under either', () => {
    const other = newKey()
    const sealed = Buffer.from(sealColumn(key, cell, value))
    sealed.write(other.ref.replaceAll('-', ''), 2, 'hex')
    expectRefused(key, cell, sealed)
    expectRefused(other, cell, sealed)
    expectRefused({ ...key, ref: other.ref }, cell, sealed)
  })

  test('with any one byte changed in any way does not open', () => {
    const sealed = Buffer.from(sealColumn(key, cell, value))
    for (let at = 0; at < sealed.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(sealed)
        changed[at] = (changed[at] ?? 0) ^ mask
        expectRefused(key, cell, changed)
      }
    }
  })

  test('cut short or made longer anywhere does not open', () => {
    const sealed = Buffer.from(sealColumn(key, cell, value))
    for (let length = 0; length < sealed.length; length++) expectRefused(key, cell, sealed.subarray(0, length))
    for (const extra of [1, 15, 16, 1024]) expectRefused(key, cell, Buffer.concat([sealed, Buffer.alloc(extra)]))
    expectRefused(key, cell, Buffer.alloc(2 * 1024 * 1024, 1))
  })

  test('with a true tag of 4 to 15 bytes does not open', () => {
    const nonce = randomBytes(12)
    const use = { table: cell.table, column: cell.column, format: 1, suite: 1 }
    const aad = encodeTuple(['passerelle', '1', '1', pharmacyId, cell.table, cell.column, cell.rowId, key.ref])
    const plain = Buffer.alloc(1024)
    plain.writeUInt32BE(2)
    plain.write('""', 4)
    const sealWith = (authTagLength: number) => {
      const cipher = createCipheriv('aes-256-gcm', columnKey(key, use), nonce, { authTagLength })
      cipher.setAAD(aad)
      const data = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([
        Buffer.from([1, 1]),
        Buffer.from(key.ref.replaceAll('-', ''), 'hex'),
        nonce,
        data,
        cipher.getAuthTag(),
      ])
    }
    expect(openColumn(key, cell, sealWith(16) as Uint8Array as Sealed<unknown>)).toBe('')
    for (const length of [4, 8, 12, 13, 14, 15]) {
      expectRefused(key, cell, sealWith(length))
      const data = new Uint8Array(1024)
      const decrypt = () => aes256Gcm.decrypt(columnKey(key, use), nonce, aad, data, sealWith(length).subarray(-length))
      expect(decrypt).toThrow()
    }
  })

  test('of an unknown format or suite does not open', () => {
    for (const [at, byte] of [
      [0, 0],
      [0, 2],
      [1, 0],
      [1, 2],
      [1, 255],
    ] as const) {
      const sealed = Buffer.from(sealColumn(key, cell, value))
      sealed[at] = byte
      expectRefused(key, cell, sealed)
    }
  })
})

describe('lengths', () => {
  const lengthOf = (plain: unknown) => sealColumn(key, cell, plain).length

  test('do not tell one result from another, for any number of analytes', () => {
    const act = (results: readonly unknown[]) => ({
      sampledAt: '2026-03-02T08:00:00Z',
      testKit: { id: '1234', maker: 'Maker', name: 'Name', udi: null, lot: null, expiry: null },
      results,
      consent: 'unanswered',
      symptoms: 'onset-15-28',
      comment: null,
    })
    const all = analytes.flatMap((analyte, count) =>
      screeningResults.map((result) => lengthOf(act(analytes.slice(0, count + 1).map(() => ({ analyte, result }))))),
    )
    expect(new Set(all).size).toBe(1)
  })

  test('do not tell whether a NIR, a used name or an address is there', () => {
    const bare = {
      birthName: 'LI',
      birthFirstName: 'AN',
      birthFirstNames: 'AN',
      usedName: null,
      usedFirstName: null,
      sex: 'female',
    }
    const few = {
      ...bare,
      birthDate: '1990-01-01',
      birthPlaceInsee: null,
      ins: null,
      identityStatus: 'PROV',
      address: null,
      phone: null,
      email: null,
    }
    const many = {
      ...few,
      birthName: 'N'.repeat(50),
      birthFirstName: 'É'.repeat(50),
      birthFirstNames: 'N'.repeat(100),
      usedName: 'N'.repeat(50),
      usedFirstName: 'N'.repeat(50),
      birthPlaceInsee: '99100',
      ins: { matricule: '190017512345604', authority: 'nir-demo' },
      address: { line: 'A'.repeat(120), postalCode: '75001', city: 'C'.repeat(60), country: 'FRA' },
      phone: '+33612345678',
      email: `${'e'.repeat(40)}@example.org`,
    }
    expect(lengthOf(few)).toBe(lengthOf(many))
  })

  test('padding that is not zero, too long or of a false length is refused', async () => {
    const { pad, unpad } = await import('../../src/crypto/padding.ts')
    const padded = pad('abc')
    expect(unpad(padded)).toBe('abc')
    for (const spoil of [
      (bytes: Buffer) => bytes.writeUInt8(1, 1023),
      (bytes: Buffer) => bytes.writeUInt32BE(1021),
      (bytes: Buffer) => bytes.writeUInt32BE(0xffffffff),
    ]) {
      const spoiled = Buffer.from(padded)
      spoil(spoiled)
      expect(() => unpad(spoiled)).toThrow('padding')
    }
    expect(() => unpad(Buffer.concat([padded, Buffer.alloc(1024)]))).toThrow('padding')
    expect(() => unpad(Buffer.alloc(0))).toThrow('padding')
  })
})

describe('column keys', () => {
  test('are HKDF-SHA-256 of RFC 5869, one for each table, column, format and suite', () => {
    const use = { table: 'screenings', column: 'act', format: 1, suite: 1 }
    const info = encodeTuple(['passerelle', 'column-key', 'screenings', 'act', '1', '1'])
    expect(columnKey(key, use)).toEqual(Buffer.from(hkdfSync('sha256', key.bytes, '', info, 32)))
    const uses = [use, { ...use, table: 't' }, { ...use, column: 'patient' }, { ...use, format: 2 }, { ...use, suite: 2 }]
    expect(new Set(uses.map((one) => columnKey(key, one).toString('hex'))).size).toBe(uses.length)
  })

  test('are overwritten with their record key', () => {
    const wiped = newKey()
    const derived = columnKey(wiped, { table: 'screenings', column: 'act', format: 1, suite: 1 })
    wipeRecordKey(wiped)
    expect([...derived, ...wiped.bytes].every((byte) => byte === 0)).toBe(true)
    expect(() => sealColumn(wiped, cell, value)).toThrow('wiped')
  })

  test('a key of another pharmacy seals nothing: a fault of ours, before anything is stored', () => {
    expect(() => sealColumn(newKey(randomUUID()), cell, value)).toThrow('own pharmacy')
  })
})

test('a text that holds what looks like a length is no border', () => {
  expect(encodeTuple(['é', 'b']).toString('hex')).toBe('00000002c3a90000000162')
  for (const border of ['\0\0\0\0', '\0\0\0\u0001']) expect(encodeTuple([`a${border}b`])).not.toEqual(encodeTuple(['a', 'b']))
})

test('tuples of different texts never encode to the same bytes', () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 4 })
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      const same = encodeTuple(one).equals(encodeTuple(other))
      // Lone surrogates have no UTF-8: compare what is written.
      expect(same).toBe(
        JSON.stringify(one.map((text) => Buffer.from(text).toString('hex'))) ===
          JSON.stringify(other.map((text) => Buffer.from(text).toString('hex'))),
      )
    }),
  )
})

describe('a second suite', () => {
  const now = createEnvelope([aes256Gcm, chachaSuite])
  const next = createEnvelope([chachaSuite, aes256Gcm])

  test('is read before it is written, so that replicas of both releases read each other', () => {
    expect(now.openColumn(key, cell, next.sealColumn(key, cell, value))).toEqual(value)
    expect(next.openColumn(key, cell, now.sealColumn(key, cell, value))).toEqual(value)
  })

  test('takes over by resealing, once', () => {
    const old = now.sealColumn(key, cell, value)
    const resealed = next.resealColumn(key, cell, old)
    expect(resealed?.[1]).toBe(2)
    expect(next.openColumn(key, cell, resealed ?? old)).toEqual(value)
    expect(next.resealColumn(key, cell, resealed ?? old)).toBeNull()
  })

  test('relabelled as the first does not open, nor the other way round', () => {
    for (const [sealed, byte] of [
      [now.sealColumn(key, cell, value), 2],
      [next.sealColumn(key, cell, value), 1],
    ] as const) {
      const changed = Buffer.from(sealed)
      changed[1] = byte
      expect(() => now.openColumn(key, cell, changed as Uint8Array as typeof sealed)).toThrow(UnopenedError)
    }
  })
})
