/** Blocks of record keys: wrapped together under a key of their own, so that a rotation rewraps one row a block. */
import { assert } from '../base/assert.ts'
import type { BlockMember, KeyBlockRow, RecordKeyRow } from './key-store.ts'
import {
  type BlockKey,
  newBlockKey,
  type RecordWrappingKey,
  unwrapBlockKey,
  unwrapRecordKey,
  wrapBlockKeys,
  wrapRecordKey,
} from './record-keys.ts'
import type { RecordKey } from './sealed.ts'

export type NewBlock = { readonly block: KeyBlockRow; readonly members: readonly BlockMember[] }

/**
 * A new block of these keys, of one pharmacy. Its key is drawn here and forgotten here. Nothing is ever added to it later: whoever
 * learnt an old block key learns no record key made since, just as if each record key stood under the tenant key itself.
 */
export function makeBlock(under: RecordWrappingKey, id: string, keys: readonly RecordKey[]): NewBlock {
  const pharmacyId = keys[0]?.pharmacyId ?? ''
  assert(
    keys.every((key) => key.pharmacyId === pharmacyId),
    'a block is of one pharmacy',
  )
  const key = newBlockKey(pharmacyId, id)
  const [wrapped] = wrapBlockKeys([{ under, key }])
  assert(wrapped, 'one key in, one key out')
  const members = keys.map((one) => ({ ref: one.ref, wrapped: wrapRecordKey(key, one) }))
  key.bytes.fill(0)
  return { block: { id, pharmacyId, tenantKeyId: under.id, wrapped }, members }
}

/** The record keys of these rows, each null where it does not open; `under` holds every tenant key that they name. */
export function openRows(
  under: ReadonlyMap<string, RecordWrappingKey>,
  rows: readonly RecordKeyRow[],
): ReadonlyArray<RecordKey | null> {
  const blocks = new Map<string, BlockKey | null>()
  const opened = rows.map((row) => {
    const tenantKey = under.get(row.tenantKeyId)
    if (!tenantKey) return null
    if (!row.block) return unwrapRecordKey(tenantKey, row)
    // By pharmacy too: a row that was moved to another pharmacy finds no block that opens.
    const name = `${row.block.id} ${row.pharmacyId}`
    const known = blocks.get(name)
    const block = known === undefined ? unwrapBlockKey(tenantKey, { ...row.block, pharmacyId: row.pharmacyId }) : known
    blocks.set(name, block)
    return block && unwrapRecordKey(block, row)
  })
  for (const block of blocks.values()) block?.bytes.fill(0)
  return opened
}
