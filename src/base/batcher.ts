/** Gathers single requests into sets: one round trip for all that came while the last one was under way. */
import { assert } from './assert.ts'

export type Batcher<Item, Answer> = (item: Item) => Promise<Answer>

export type BatcherOptions = {
  readonly sizeMax: number
  /**
   * Called between two sets that follow each other, where the next one is not full: while a set costs something by itself,
   * a moment of waiting makes it larger. An idle system never waits.
   */
  readonly linger?: () => Promise<unknown>
  /** As many as are waiting when a second set starts beside the one that is under way; left out: it never does. */
  readonly besideFrom?: number
}

/**
 * `run` gets 1 to `sizeMax` items and answers one value each, in order. A set starts as soon as the previous one ended,
 * so an idle system pays no delay and a busy one grows its sets by itself. Where `run` throws, each item of that set fails.
 */
export function createBatcher<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  options: BatcherOptions,
): Batcher<Item, Answer> {
  assert(options.sizeMax >= 1, 'a batch holds at least one item')
  type Waiting = { item: Item; done: (answer: Answer) => void; failed: (cause: unknown) => void }
  const waiting: Waiting[] = []
  /** Two at most. */
  let running = 0
  const deservesSecond = () => waiting.length >= (options.besideFrom ?? Number.POSITIVE_INFINITY)

  async function runAll(): Promise<void> {
    running += 1
    // One turn of the event loop lets everything that is ready now join the first set.
    await new Promise((resume) => setImmediate(resume))
    // Of two, one leaves the few that are left to the other.
    while (waiting.length > 0 && (running === 1 || deservesSecond())) {
      const set = waiting.splice(0, options.sizeMax)
      try {
        const answers = await run(set.map((entry) => entry.item))
        if (answers.length !== set.length) throw new Error('a batch answered another number of items')
        set.forEach((entry, index) => {
          entry.done(answers[index] as Answer) // the lengths were compared above
        })
      } catch (cause) {
        for (const entry of set) entry.failed(cause)
      }
      if (options.linger && waiting.length > 0 && waiting.length < options.sizeMax) await options.linger()
    }
    running -= 1
  }

  return (item) =>
    new Promise<Answer>((done, failed) => {
      waiting.push({ item, done, failed })
      if (running === 0 || (running === 1 && deservesSecond())) void runAll()
    })
}
