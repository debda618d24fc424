/** Sets that were claimed, and whose versions and keys are being read: one is read while the next one is claimed. */
import type { Claim } from '../storage/queries.ts'

export type Opening = {
  /** Sets under way. */
  readonly size: number
  /** How many claims they hold together. */
  count(): number
  /** Claims of all sets under way. */
  list(): readonly Claim[]
  /** Never rejects: false where the set could not be read, which is ours: it went back uncounted. */
  start(claims: readonly Claim[]): Promise<boolean>
  /** One for each set under way. */
  pending(): readonly Promise<boolean>[]
}

export type OpeningDeps<Read> = {
  readonly read: (claims: readonly Claim[]) => Promise<Read>
  /** False where nothing is sent any more: then what was read goes back, too. */
  readonly isWanted: () => boolean
  readonly onRead: (claims: readonly Claim[], read: Read) => void
  readonly onFailed: (cause: unknown) => void
  readonly release: (claims: readonly Claim[]) => Promise<unknown>
}

export function createOpening<Read>(deps: OpeningDeps<Read>): Opening {
  const sets = new Map<readonly Claim[], Promise<boolean>>()

  async function open(claims: readonly Claim[]): Promise<boolean> {
    const [read] = await Promise.allSettled([deps.read(claims)])
    const goesOn = read.status === 'fulfilled' && deps.isWanted()
    if (!goesOn) await deps.release(claims)
    sets.delete(claims)
    if (read.status === 'rejected') deps.onFailed(read.reason)
    else if (goesOn) deps.onRead(claims, read.value)
    return read.status === 'fulfilled'
  }

  return {
    get size() {
      return sets.size
    },
    count: () => {
      let count = 0
      for (const claims of sets.keys()) count += claims.length
      return count
    },
    list: () => [...sets.keys()].flat(),
    start: (claims) => {
      const opened = open(claims)
      sets.set(claims, opened)
      return opened
    },
    pending: () => [...sets.values()],
  }
}
