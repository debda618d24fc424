/** The work that seals the log every second, and once a minute puts a checkpoint where the database's owner does not reach. */
import type { Clock } from '../base/clock.ts'
import { appendAnchor } from './anchor-file.ts'
import { type SealDeps, sealEvents } from './seal-events.ts'

export type SealJobDeps = SealDeps & {
  /** Null: checkpoints are only reported. */
  readonly anchorFile: string | null
  /** A checkpoint left the database: with the log of this process, in any case. `root` is base64. */
  readonly onAnchored: (anchored: { readonly size: number; readonly root: string }) => void
  readonly clock: Clock
}

const anchorEveryMs = 60_000

/** A periodic job: bears being cut short anywhere, since what is sealed and what is anchored is read from the database each time. */
export function createSealJob(deps: SealJobDeps) {
  let anchored = { size: 0, at: new Date(0) }
  return {
    name: 'seal-audit',
    everyMs: 1000,
    timeoutMs: 30_000,
    run: async (): Promise<Record<string, number>> => {
      const { size, checkpoint } = await sealEvents(deps)
      const now = deps.clock.now()
      if (checkpoint === null || size <= anchored.size || now.getTime() - anchored.at.getTime() < anchorEveryMs) return {}
      if (deps.anchorFile !== null) await appendAnchor(deps.anchorFile, checkpoint)
      // If we die before the file has it, the next process anchors the tree as it then is: anchors may be many, never wrong.
      anchored = { size, at: now }
      deps.onAnchored({ size, root: checkpoint.split('\n')[2] ?? '' })
      return {}
    },
  }
}
