/** Verifies the audit log from its rows: every leaf, every root, every signature, and every anchor that left the database. */
import { assert } from '../base/assert.ts'
import { type Checkpoint, openCheckpoint } from '../crypto/checkpoint.ts'
import { appendLeaves, emptyTree, hashLeaf, hashLength, type MerkleTree, rootOf } from '../crypto/merkle.ts'
import {
  type AuditSegment,
  listEvents,
  listEventsNeverSealed,
  listSegments,
  readSealingState,
  segmentSizeMax,
} from '../storage/audit-log.ts'
import type { Database } from '../storage/database.ts'
import { eventLine } from './event-line.ts'

export const logProblemKinds = [
  /** An event differs from the one that was sealed. */
  'edited',
  /** A sealed event is no longer there, and its segment was not purged. */
  'deleted',
  /** An event stands where all had been sealed, and no segment holds it. */
  'inserted',
  /** Segments do not follow each other, or a segment's hashes and its root do not agree. */
  'broken',
  /** A checkpoint is not signed with a key of ours, or with one that had already been replaced. */
  'unsigned',
  /** An anchor outside the database says another root for the same size. */
  'rewritten',
  /** An anchor outside the database knows more leaves than there are: the end was cut off, or an old copy put back. */
  'truncated',
] as const
export type LogProblem = { readonly kind: (typeof logProblemKinds)[number]; readonly where: string }

export type LogReport = {
  readonly events: number
  readonly purged: number
  readonly segments: number
  readonly anchors: number
  /** Events that the sealer has yet to take. */
  readonly waiting: number
  readonly problems: readonly LogProblem[]
}

export type VerifyInput = {
  /** Oldest first: where a key followed another, what the earlier one signs from then on counts no more. */
  readonly verifierKeys: readonly string[]
  /** Checkpoints as they left the database, in any order. */
  readonly anchors: readonly string[]
  readonly onProgress?: (leaves: number) => void
}

const segmentsAtOnce = 50
/** More are not needed to know that something is wrong. */
const problemsMax = 100

/** Reads the whole log in order; bounded memory, each page in a transaction of its own. */
export async function verifyLog(
  { database }: { readonly database: Pick<Database, 'forWorker'> },
  { verifierKeys, anchors, onProgress }: VerifyInput,
): Promise<LogReport> {
  const problems: LogProblem[] = []
  const add = (kind: LogProblem['kind'], where: string) => {
    if (problems.length < problemsMax) problems.push({ kind, where })
  }
  assert(verifierKeys.length > 0, 'a log is verified with at least one key')
  const anchored = readAnchors(anchors, verifierKeys, add)
  let tree: MerkleTree = emptyTree
  let keysFrom = 0
  let purged = 0
  let segments = 0
  for (;;) {
    const page = await database.forWorker((tx) => listSegments(tx, tree.size, segmentsAtOnce))
    for (const segment of page) {
      if (segment.firstIndex !== tree.size) {
        // What follows cannot be judged: the tree before it is not known.
        add('broken', `leaf ${tree.size}`)
        return finish()
      }
      await checkLeaves(database, segment, add)
      tree = appendLeaves(tree, hashesOf(segment))
      keysFrom = checkRoot(segment, tree, { verifierKeys, keysFrom, anchored, add })
      segments += 1
      if (segment.purged) purged += segment.seqs.length
      if (problems.length >= problemsMax) return finish()
    }
    onProgress?.(tree.size)
    if (page.length < segmentsAtOnce) break
  }
  for (const size of anchored.keys()) if (size > tree.size) add('truncated', `leaf ${size}`)
  for (const seq of await database.forWorker((tx) => listEventsNeverSealed(tx, problemsMax))) add('inserted', `event ${seq}`)
  return finish()

  async function finish(): Promise<LogReport> {
    const { unsealed } = await database.forWorker((tx) => readSealingState(tx))
    return { events: tree.size - purged, purged, segments, anchors: anchored.size, waiting: unsealed, problems }
  }
}

type Add = (kind: LogProblem['kind'], where: string) => void

/** Roots by size; two anchors of one size that differ are a problem by themselves. */
function readAnchors(anchors: readonly string[], verifierKeys: readonly string[], add: Add): ReadonlyMap<number, Buffer> {
  const roots = new Map<number, Buffer>()
  for (const note of anchors) {
    const opened = openByAny(note, verifierKeys, 0)
    if (!opened) {
      add('unsigned', `anchor ${note.split('\n')[1] ?? ''}`)
      continue
    }
    const { size, root } = opened
    if (roots.get(size)?.equals(root) === false) add('rewritten', `leaf ${size}`)
    roots.set(size, root)
  }
  return roots
}

async function checkLeaves(database: Pick<Database, 'forWorker'>, segment: AuditSegment, add: Add): Promise<void> {
  if (segment.purged) return
  assert(segment.seqs.length <= segmentSizeMax, 'a segment is bounded')
  const events = new Map((await database.forWorker((tx) => listEvents(tx, segment.seqs))).map((event) => [event.seq, event]))
  const hashes = hashesOf(segment)
  for (const [at, seq] of segment.seqs.entries()) {
    const event = events.get(seq)
    if (!event) add('deleted', `event ${seq}`)
    else if (!hashes[at]?.equals(hashLeaf(eventLine(event)))) add('edited', `event ${seq}`)
  }
}

type Known = {
  readonly verifierKeys: readonly string[]
  /** The first key that may still sign. */
  readonly keysFrom: number
  readonly anchored: ReadonlyMap<number, Buffer>
  readonly add: Add
}

/** Answers the first key that may sign what follows. */
function checkRoot(segment: AuditSegment, tree: MerkleTree, { verifierKeys, keysFrom, anchored, add }: Known): number {
  const root = rootOf(tree)
  const opened = openByAny(segment.checkpoint, verifierKeys, keysFrom)
  if (!opened) add('unsigned', `leaf ${tree.size}`)
  else if (opened.size !== tree.size || !opened.root.equals(root)) add('broken', `leaf ${tree.size}`)
  if (anchored.get(tree.size)?.equals(root) === false) add('rewritten', `leaf ${tree.size}`)
  return opened?.key ?? keysFrom
}

/** The note, and which of the keys from `from` on signed it; null: none of them. */
function openByAny(note: string, keys: readonly string[], from: number): (Checkpoint & { readonly key: number }) | null {
  for (const [key, verifierKey] of keys.entries()) {
    const opened = key < from ? null : openCheckpoint(note, verifierKey)
    if (opened?.ok) return { ...opened.value, key }
  }
  return null
}

function hashesOf({ leafHashes, seqs }: AuditSegment): readonly Buffer[] {
  return seqs.map((_, at) => leafHashes.subarray(at * hashLength, (at + 1) * hashLength))
}
