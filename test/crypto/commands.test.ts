import { expect, test } from 'vitest'
import { describeKeysStatus, describeProgress, describeRewrap, describeRootProblem } from '../../src/crypto/commands.ts'

const counts = {
  primaryTenantKeys: 2,
  replacedTenantKeys: 1,
  keyBlocks: 7,
  keyBlocksUnderReplaced: 5,
  recordKeys: 30,
  recordKeysUnderReplaced: 20,
  recordKeysWithoutBlock: 3,
  recordKeysUnswept: 4,
}

test('the status names each root key, which one is primary, and what is left to do', () => {
  const roots = [
    { rootKid: 'root-1', tenantKeys: 3 },
    { rootKid: 'root-2', tenantKeys: 1 },
  ]
  expect(describeKeysStatus({ ...counts, roots, primaryRootKid: 'root-2' })).toEqual([
    'root key root-1: 3 tenant keys (old: rewrap, then retire)',
    'root key root-2: 1 tenant keys (primary)',
    'tenant keys: 2 primary, 1 replaced',
    'blocks of record keys: 7, of which 5 under a replaced tenant key (rewrap)',
    'record keys: 30, of which 20 under a replaced tenant key (rewrap), 3 without a block, 4 not yet known to be used',
  ])
})

test('the status shows a primary root key that wraps nothing yet', () => {
  expect(describeKeysStatus({ ...counts, roots: [], primaryRootKid: 'root-3' })[0]).toBe(
    'root key root-3: 0 tenant keys (primary)',
  )
})

test('a rewrap that left something says to run again, and one that left nothing says so', () => {
  const report = {
    tenantKeys: 1,
    keyBlocks: 4,
    recordKeys: 2,
    left: { tenantKeysUnderOtherRoots: 0, recordKeysUnderReplaced: 0 },
  }
  expect(describeRewrap(report)[0]).toBe('rewrapped 1 tenant keys, 4 blocks and 2 record keys without a block')
  expect(describeRewrap(report)[1]).toBe('nothing is left under an old key')
  expect(describeRewrap({ ...report, left: { ...report.left, recordKeysUnderReplaced: 5 } })[1]).toContain(
    '5 record keys; run again',
  )
})

test('progress and refusals are one line each', () => {
  expect(describeProgress({ step: 'rewrap-record-keys', done: 5, total: 9 })).toBe('rewrap-record-keys 5/9')
  expect(describeProgress({ step: 'rotate-tenant-keys', done: 5, total: null })).toBe('rotate-tenant-keys 5')
  expect(describeRootProblem({ code: 'needed', tenantKeys: 3 })[0]).toContain('3 tenant keys')
  expect(
    describeRootProblem({
      code: 'bad-file',
      mistakes: [
        { key: '', message: 'x' },
        { key: 'keys[0].k', message: 'y' },
      ],
    }),
  ).toEqual(['root keys: the file: expected x', 'root keys: keys[0].k: expected y'])
})
