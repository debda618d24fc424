/** Asks before it sends again: where a try at a declaration ended unseen and the destination can be asked, its answer decides. */
import type { Database } from '../storage/database.ts'
import { listDoubtfulDigests } from '../storage/stopped.ts'
import type { QueueDestination } from './run-declaration.ts'

type Deliver = QueueDestination['deliver']

/** As `destinations/look-up.ts` answers. */
export type Asked =
  | { readonly kind: 'held'; readonly reference: string | null; readonly answerSha256: string }
  | { readonly kind: 'not-held' }
  | { readonly kind: 'unclear' }

export type AskFirstDeps = {
  readonly database: Pick<Database, 'forWorker'>
  /** Null where the destination cannot be asked: then it is delivered as it is. */
  readonly ask:
    | ((question: { readonly controlId: string; readonly digests: readonly string[] }, signal: AbortSignal) => Promise<Asked>)
    | null
}

/**
 * `held` is the receipt, without a byte sent; `not-held` sends; `unclear` is ambiguous again: it is asked about later, and parked
 * when the budget is spent. A first try is never asked about.
 */
export function askFirst(deps: AskFirstDeps, deliver: Deliver): Deliver {
  const { ask } = deps
  if (ask === null) return deliver
  return async (document, options) => {
    const { declarationId, controlId } = document
    const digests = await deps.database.forWorker((tx) => listDoubtfulDigests(tx, declarationId))
    if (digests.length === 0) return deliver(document, options)
    if (options.signal.aborted) return { class: 'interrupted' }
    const answer = await ask({ controlId, digests }, options.signal)
    switch (answer.kind) {
      case 'held':
        return { class: 'accepted', receipt: { reference: answer.reference, answerSha256: answer.answerSha256 } }
      case 'not-held':
        return deliver(document, options)
      case 'unclear':
        return options.signal.aborted ? { class: 'interrupted' } : { class: 'ambiguous', code: 'look-up-unclear' }
    }
  }
}
