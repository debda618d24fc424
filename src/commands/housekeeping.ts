/** `housekeeping`: lets what is done with leave, as the worker does each hour; `--dry-run` only counts. */
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { keepHouse } from '../queue/housekeeping.ts'
import { openDatabase } from '../storage/database.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { note, say } from './say.ts'

export function housekeepingCommand(): Command {
  return new Command('housekeeping')
    .option('--dry-run', 'only say what would leave')
    .description(
      'let what is past its retention leave (retention.yaml); never what is not finished; the worker does so each hour',
    )
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 3 there is more: run it again.')
    .action((options: { dryRun?: boolean }) => run(!options.dryRun))
}

async function run(really: boolean): Promise<void> {
  const { config, secrets } = configOrMistakes()
  const database = openDatabase(secrets.databaseUrl)
  const cut = new AbortController()
  process.once('SIGINT', () => cut.abort())
  try {
    const { retention } = config
    const report = await keepHouse(
      { database, clock: systemClock },
      { retention, really, by: 'command-line', signal: cut.signal, onProgress: (what, count) => note(`${what}: ${count}`) },
    )
    const verb = really ? 'left' : 'would leave'
    say(`${report.payloads} screenings: patient and act ${verb} (${retention.payload.days} days after they ended)`)
    say(`${report.idempotencyKeys} keys of requests ${verb} (${retention.idempotencyKeysDays} days)`)
    say(`${report.sessions} ended sessions ${verb} (${retention.sessionsDays} days)`)
    say(`${report.auditEvents} events of the audit log ${verb} (${retention.audit.days} days; their hashes stay)`)
    if (!report.more) return
    say('there is more: run it again')
    process.exitCode = 3
  } finally {
    await database.close()
  }
}
