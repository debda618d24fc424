/** The command table: each command decides, opens, runs, closes, and says by its exit code how it went. */
import { Command } from 'commander'
import { loadOptions } from './commands/config-or-mistakes.ts'
import { explain, say } from './commands/say.ts'
import { checkConfig } from './config/check-config.ts'

const program = new Command('passerelle')
  .description('Gateway from pharmacies to the national screening file')
  .showHelpAfterError()

program
  .command('serve')
  .description('serve pages, and health and metrics on the management port')
  .action(() => import('./commands/serve.ts').then(({ serve }) => serve()))
program
  .command('work')
  .description('forward declarations to their destinations')
  .action(() => import('./commands/serve.ts').then(({ work }) => work()))
program
  .command('check-config')
  .description('say everything that is wrong with the configuration, and start nothing')
  .option('--print', 'print the effective configuration without secrets, and where each value came from')
  .action((options: { print?: boolean }) => {
    const { exitCode, output } = checkConfig(process.env, { ...loadOptions(), print: options.print ?? false })
    say(output)
    process.exitCode = exitCode
  })
/** Loaded by name: neither a gateway that serves nor one command carries what the others load. Help names them all. */
const commands: Record<string, () => Promise<Command>> = {
  setup: () => import('./commands/setup.ts').then(({ setupCommand }) => setupCommand()),
  migrate: () => import('./commands/migrate.ts').then(({ migrateCommand }) => migrateCommand()),
  keys: () => import('./commands/keys.ts').then(({ keysCommand }) => keysCommand()),
  erase: () => import('./commands/erase.ts').then(({ eraseCommand }) => eraseCommand()),
  queue: () => import('./commands/queue.ts').then(({ queueCommand }) => queueCommand()),
  housekeeping: () => import('./commands/housekeeping.ts').then(({ housekeepingCommand }) => housekeepingCommand()),
  ledger: () => import('./commands/ledger.ts').then(({ ledgerCommand }) => ledgerCommand()),
  statements: () => import('./commands/statements.ts').then(({ statementsCommand }) => statementsCommand()),
  audit: () => import('./commands/audit.ts').then(({ auditCommand }) => auditCommand()),
  backup: () => import('./commands/backup.ts').then(({ backupCommand }) => backupCommand()),
  doctor: () => import('./commands/doctor.ts').then(({ doctorCommand }) => doctorCommand()),
}
const asked = process.argv[2] ?? ''
const load = Object.hasOwn(commands, asked) ? commands[asked] : undefined
if (load) program.addCommand(await load())
else if (!['serve', 'work', 'check-config'].includes(asked))
  for (const each of Object.values(commands)) program.addCommand(await each())

try {
  await program.parseAsync()
} catch (cause) {
  process.stderr.write(`${explain(cause)}\n`)
  // At once, whatever is still open: a process that could not start and lingers is one that nobody starts again.
  process.exit(1)
}
