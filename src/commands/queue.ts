/** `queue …`: what has stopped and why, sent again one by one or many at a pace, stopped, or ended by hand; never patient data. */
import { userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { type Closers, createClosers } from '../base/closers.ts'
import { randomId } from '../base/ids.ts'
import { openKeyRing } from '../crypto/open-key-ring.ts'
import { openConfiguredRootKeys } from '../crypto/open-root-keys.ts'
import type { DestinationSettings } from '../domain/destination-settings.ts'
import { openDatabase } from '../storage/database.ts'
import { openKeyStore } from '../storage/keystore.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import {
  approve,
  type Choice,
  list,
  markReceivedByOperator,
  type OperatorDeps,
  parseChoice,
  retry,
  showOne,
  status,
  stop,
} from './queue-verbs.ts'
import { note, say } from './say.ts'

/** What the verbs answer by: 0 done, 1 refused or failed, 2 nothing to do, 3 waits for a second person. */
export type Opened = OperatorDeps & { close(): Promise<unknown> }

const nameShape = /^[a-z0-9][a-z0-9._-]{0,31}$/

export function queueCommand(open: () => Opened = openFromConfig, print: (line: string) => void = say): Command {
  const queue = new Command('queue')
    .description('what has stopped and waits for a person')
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 nothing to do, 3 waits for a second person.')
  const run = async (verb: (deps: Opened) => Promise<number>): Promise<void> => {
    const deps = open()
    try {
      process.exitCode = await verb(deps)
    } finally {
      await deps.close()
    }
  }
  choosing(queue.command('list').description('what has stopped: counts by reason, then one line each'))
    .option('--limit <n>', 'lines, at most 1000', '50')
    .action((options: Choice) => run(async (deps) => list(deps, await parseChoice(deps, options, 1000), print)))
  queue
    .command('show')
    .argument('<declaration-id>')
    .description('one declaration and its tries')
    .action((id: string) => run((deps) => showOne(deps, id, print)))
  choosing(queue.command('retry').description('send many again; says what would be sent, and does it only with --yes'))
    .option('--limit <n>', 'at most so many, up to 10000', '10000')
    .option('--rate <n>', 'released a second, up to 50: 5, or 5/s', '5')
    .option('--including-doubtful', 'also those that the destination may hold already: look each one up there first')
    .option('--dry-run', 'only say what would be sent; so it is without --yes')
    .option('--yes', 'do it')
    .option('--no-follow', 'do not wait for the end; workers go on by themselves')
    .option('--as <name>', 'who asks, for the audit log; default: the name of this account')
    .action((options: Choice & RetryOptions) =>
      run(async (deps) =>
        retry(
          deps,
          {
            choice: await parseChoice(deps, options, 10_000),
            perSecond: parseRate(options.rate),
            includeDoubtful: options.includingDoubtful ?? false,
            really: (options.yes ?? false) && !options.dryRun,
            follow: options.follow,
            operator: operatorName(options.as),
          },
          { print, note },
        ),
      ),
    )
  queue
    .command('approve')
    .argument('<batch-id>')
    .option('--as <name>', 'who approves: another name than the one who asked')
    .description('let a large retry run, as a second person')
    .action((id: string, options: { as?: string }) =>
      run((deps) => approve(deps, { id, operator: operatorName(options.as) }, print)),
    )
  queue
    .command('stop')
    .argument('<batch-id>')
    .option('--as <name>', 'who stops it')
    .description('release nothing more of a retry; what was released goes its way')
    .action((id: string, options: { as?: string }) =>
      run((deps) => stop(deps, { id, operator: operatorName(options.as) }, print)),
    )
  queue
    .command('mark-received')
    .argument('<declaration-id>')
    .requiredOption('--reason <text>', 'where and how it was seen at the destination, 3 to 300 characters; kept sealed')
    .option('--as <name>', 'who says so')
    .option('--yes', 'do it; without this, only say what would be done')
    .description('end one because the destination holds it: no receipt, never billed, cannot be undone')
    .action((id: string, options: { reason: string; as?: string; yes?: boolean }) =>
      run((deps) =>
        markReceivedByOperator(
          deps,
          { id, reason: options.reason, operator: operatorName(options.as), really: options.yes ?? false },
          print,
        ),
      ),
    )
  queue
    .command('status')
    .argument('[batch-id]')
    .description('how forwarding stands and which retries run; or how far one retry is')
    .action((id: string | undefined) => run((deps) => status(deps, id ?? null, print)))
  return queue
}

type RetryOptions = { rate: string; includingDoubtful?: boolean; dryRun?: boolean; yes?: boolean; follow: boolean; as?: string }

function choosing(command: Command): Command {
  return command
    .option('--destination <id>', 'of one destination')
    .option('--state <state>', 'parked or rejected; default: both for list, parked for retry')
    .option('--code <code>', 'stopped for this reason, such as answer-lost')
    .option('--since <when>', 'stopped since: YYYY-MM-DD, an ISO instant, or 90m, 12h, 3d')
    .option('--until <when>', 'stopped before')
    .option('--pharmacy <finess>', 'of one pharmacy, by its FINESS number')
}

function parseRate(text: string): number {
  const rate = Number(/^(\d{1,4}(?:\.\d{1,3})?)(?:\/s)?$/.exec(text)?.[1] ?? Number.NaN)
  if (!(rate > 0 && rate <= 50)) throw new Error('--rate: expected a number above 0, up to 50, such as 5/s')
  return rate
}

function operatorName(given: string | undefined): string {
  const name = given ?? userInfo().username.toLowerCase()
  if (!nameShape.test(name)) throw new Error('--as: expected a name of lower-case letters, digits, dots and hyphens, at most 32')
  return name
}

function openFromConfig(): Opened {
  const { config, secrets } = configOrMistakes()
  const closers: Closers = createClosers()
  const database = openDatabase(secrets.databaseUrl)
  closers.push('database', () => database.close())
  return {
    database,
    clock: systemClock,
    newId: randomId,
    destinations: config.destinations as readonly DestinationSettings[],
    aloneMax: config.worker.retryAloneMax,
    silenceMs: config.alarms.silenceMinutes * 60_000,
    wait: (ms) => sleep(ms),
    // Opened for the one verb that seals a reason.
    openKeyRing: () => {
      const store = openKeyStore(secrets.keystoreDatabaseUrl)
      closers.push('key store', () => store.close())
      const rootKeys = openConfiguredRootKeys(config.rootKeys, secrets.rootKeysJwks)
      closers.push('root keys', () => rootKeys.close())
      const ring = openKeyRing({ store, rootKeys, clock: systemClock, report: () => undefined })
      closers.push('key ring', () => ring.close())
      return ring
    },
    close: () => closers.closeAll(),
  }
}
