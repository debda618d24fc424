/** The silence alarm: a destination that acknowledges nothing while work is due, a pharmacy that is quiet in its usual hours. */
import type { Database } from '../storage/database.ts'
import { listQuietPharmacies, replaceSilences, type SilenceKind } from '../storage/silences.ts'
import { forwardingStatus } from './forwarding-status.ts'
import type { PeriodicJob } from './periodic.ts'
import type { QueueDestination } from './run-declaration.ts'

export type SilenceDeps = {
  readonly database: Pick<Database, 'forWorker'>
  readonly destinations: readonly Pick<QueueDestination, 'id' | 'pace'>[]
  readonly events: {
    silenceBegan(fields: { kind: SilenceKind; subject: string }): void
    silenceEnded(fields: { kind: SilenceKind; subject: string }): void
  }
}

export type SilenceRules = { readonly silenceMinutes: number; readonly quietHours: number; readonly quietCapturesMin: number }

export const silenceEveryMs = 60_000

/** Told once when a silence begins and once when it ends, whichever replica sees it; what stands is in `silence_alarms`. */
export function silenceJob({ database, destinations, events }: SilenceDeps, rules: SilenceRules): PeriodicJob {
  return {
    name: 'watch-silence',
    everyMs: silenceEveryMs,
    timeoutMs: 50_000,
    run: async () => {
      const status = await forwardingStatus(database, destinations, { silenceMs: rules.silenceMinutes * 60_000 })
      const silent = status.filter((one) => one.state === 'silent').map((one) => ({ subject: one.destinationId, since: null }))
      const { quietHours: hours, quietCapturesMin: capturesMin } = rules
      const changed = await database.forWorker(async (tx) => {
        const quiet = await listQuietPharmacies(tx, { hours, capturesMin })
        return [
          ['destination-silent', await replaceSilences(tx, 'destination-silent', silent)],
          [
            'pharmacy-quiet',
            await replaceSilences(
              tx,
              'pharmacy-quiet',
              quiet.map(({ pharmacyId, since }) => ({ subject: pharmacyId, since })),
            ),
          ],
        ] as const
      })
      for (const [kind, { began, ended }] of changed) {
        for (const subject of began) events.silenceBegan({ kind, subject })
        for (const subject of ended) events.silenceEnded({ kind, subject })
      }
      const sum = (of: 'began' | 'ended') => changed.reduce((total, [, { [of]: list }]) => total + list.length, 0)
      return { began: sum('began'), ended: sum('ended') }
    },
  }
}
