/** The sealed log as text: a line an event in the order of the tree, or `#` and its hash where it was purged; and every checkpoint. */
import { hashLength } from '../crypto/merkle.ts'
import { listEvents, listSegments } from '../storage/audit-log.ts'
import type { Database } from '../storage/database.ts'
import { eventLine } from './event-line.ts'

export type LogSink = {
  readonly writeEvents: (lines: string) => Promise<void>
  readonly writeCheckpoint: (note: string) => Promise<void>
}

const segmentsAtOnce = 20

/** Answers how many leaves were written. An event that was deleted behind the log's back is `#` and its hash, too: nothing of it is left. */
export async function exportLog(
  { database }: { readonly database: Pick<Database, 'forWorker'> },
  { writeEvents, writeCheckpoint }: LogSink,
): Promise<number> {
  let leaves = 0
  for (;;) {
    const page = await database.forWorker((tx) => listSegments(tx, leaves, segmentsAtOnce))
    for (const { seqs, leafHashes, checkpoint } of page) {
      const events = new Map((await database.forWorker((tx) => listEvents(tx, seqs))).map((event) => [event.seq, event]))
      const lines = seqs.map((seq, at) => {
        const event = events.get(seq)
        return event ? eventLine(event) : `#${leafHashes.toString('hex', at * hashLength, (at + 1) * hashLength)}`
      })
      await writeEvents(`${lines.join('\n')}\n`)
      await writeCheckpoint(`${checkpoint}\n`)
      leaves += seqs.length
    }
    if (page.length < segmentsAtOnce) return leaves
  }
}
