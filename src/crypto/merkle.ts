/** A Merkle tree that only grows (RFC 9162 §2.1): leaves and nodes hashed apart, the right edge kept so that appending needs no history. */
import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'

export const hashLength = 32
const leafPrefix = Uint8Array.of(0)
const nodePrefix = Uint8Array.of(1)

/** A tree of `size` leaves as the roots of its perfect subtrees, the largest first: as many as `size` has ones in binary. */
export type MerkleTree = { readonly size: number; readonly edge: readonly Buffer[] }

export const emptyTree: MerkleTree = { size: 0, edge: [] }

/** SHA-256 of `0x00 ‖ leaf` (RFC 9162 §2.1.1). */
export function hashLeaf(leaf: Uint8Array | string): Buffer {
  return createHash('sha256').update(leafPrefix).update(leaf).digest()
}

/** The tree with more leaves, given by their hashes. */
export function appendLeaves(tree: MerkleTree, leafHashes: readonly Buffer[]): MerkleTree {
  const edge = [...tree.edge]
  let size = tree.size
  for (const leaf of leafHashes) {
    assert(leaf.length === hashLength, 'a leaf hash is 32 bytes long')
    edge.push(leaf)
    // Two subtrees of one size become their parent, as ones carry in a binary sum.
    for (let ones = size; ones % 2 === 1; ones = Math.floor(ones / 2)) {
      const right = edge.pop()
      const left = edge.pop()
      assert(left && right, 'the edge holds a subtree for each one of the size')
      edge.push(hashNode(left, right))
    }
    size += 1
  }
  return { size, edge }
}

/** The root of the whole (RFC 9162 §2.1.1); that of no leaves is the hash of nothing. */
export function rootOf({ edge }: MerkleTree): Buffer {
  if (edge.length === 0) return createHash('sha256').digest()
  return edge.reduceRight((right, left) => hashNode(left, right))
}

function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest()
}
