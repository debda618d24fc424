/** Seals committed events: appends them to the Merkle tree and stores the set with a signed checkpoint, in one transaction. */
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import type { CheckpointSigner } from '../crypto/checkpoint.ts'
import { appendLeaves, emptyTree, hashLeaf, hashLength, type MerkleTree, rootOf } from '../crypto/merkle.ts'
import {
  type AuditSegment,
  advanceCut,
  findLastSegment,
  insertSegment,
  listUnsealedEvents,
  segmentSizeMax,
} from '../storage/audit-log.ts'
import type { Database } from '../storage/database.ts'
import { eventLine } from './event-line.ts'

export type SealDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly signer: CheckpointSigner
  readonly clock: Clock
}
export type SealReport = { readonly sealed: number; readonly size: number; readonly checkpoint: string | null }

/** A backlog is worked off over several runs. */
const segmentsPerRunMax = 20

/** Seals what has been committed, in sets; several sealers at once do no harm: one wins each place, the others stop. */
export async function sealEvents(deps: SealDeps): Promise<SealReport> {
  let report: SealReport = { sealed: 0, size: 0, checkpoint: null }
  for (let run = 0; run < segmentsPerRunMax; run++) {
    const { sealed, size, checkpoint } = await sealOnce(deps)
    report = { sealed: report.sealed + sealed, size, checkpoint: checkpoint ?? report.checkpoint }
    if (sealed < segmentSizeMax) break
  }
  return report
}

async function sealOnce({ database, signer, clock }: SealDeps): Promise<SealReport> {
  return database.forWorker(async (tx) => {
    const last = await findLastSegment(tx)
    const before = last === null ? emptyTree : treeAfter(last)
    const events = await listUnsealedEvents(tx, segmentSizeMax)
    await advanceCut(tx)
    if (events.length === 0) return { sealed: 0, size: before.size, checkpoint: last?.checkpoint ?? null }
    const hashes = events.map((event) => hashLeaf(eventLine(event)))
    const tree = appendLeaves(before, hashes)
    const checkpoint = signer.sign(tree.size, rootOf(tree))
    const segment: AuditSegment = {
      firstIndex: before.size,
      seqs: events.map((event) => event.seq),
      leafHashes: Buffer.concat(hashes),
      edge: Buffer.concat(tree.edge),
      checkpoint,
      lastAt: new Date(Math.max(...events.map((event) => Date.parse(event.at)))),
      purged: false,
    }
    // If we die before the commit nothing is sealed, and the next run takes the same events. After it they are sealed for good.
    const won = await insertSegment(tx, segment, clock.now())
    return won ? { sealed: events.length, size: tree.size, checkpoint } : { sealed: 0, size: before.size, checkpoint: null }
  })
}

/** The tree as it stood after a segment, from its stored edge. */
export function treeAfter({ firstIndex, seqs, edge }: AuditSegment): MerkleTree {
  assert(edge.length % hashLength === 0, 'the edge is made of whole hashes')
  const subtrees = Array.from({ length: edge.length / hashLength }, (_, at) =>
    edge.subarray(at * hashLength, (at + 1) * hashLength),
  )
  return { size: firstIndex + seqs.length, edge: subtrees }
}
