/** The command table: each command decides, opens, runs, closes, and says by its exit code how it went. */
import { Command } from 'commander'
import { systemClock } from './base/clock.ts'
import { configOrMistakes, loadOptions } from './commands/config-or-mistakes.ts'
import { explain, say } from './commands/say.ts'
import { checkConfig } from './config/check-config.ts'
import { serveApp } from './http/serve.ts'

const program = new Command('passerelle')
  .description('Gateway from pharmacies to the national screening file')
  .showHelpAfterError()

program.command('serve').description('serve pages, and health and metrics on the management port').action(serve)
program.command('work').description('forward declarations to their destinations').action(work)
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

async function serve(): Promise<void> {
  const startedAt = systemClock.now().getTime()
  const stopped = stopSignal()
  const { config, secrets } = configOrMistakes()
  const { openGateway } = await import('./gateway.ts')
  const gateway = await openGateway(config, secrets)
  const { host, port, managementPort } = config.listen
  const served = await serveApp(gateway.web.app, { host, port, headers: gateway.web.headers })
  const management = await serveApp(gateway.management, { host, port: managementPort })
  gateway.events.gatewayStarted({
    port: served.port,
    managementPort: management.port,
    startMs: systemClock.now().getTime() - startedAt,
  })
  await stopped
  // Last-in first-out: the door first, then what stands behind it.
  await served.close()
  await management.close()
  await gateway.close()
  gateway.events.gatewayStopped({ reason: 'signal', uptimeMs: systemClock.now().getTime() - startedAt })
}

/** Shorter than the ten seconds that container engines give before they kill. */
const drainGraceMs = 7_000

async function work(): Promise<void> {
  const startedAt = systemClock.now().getTime()
  const stopped = stopSignal()
  const { config, secrets } = configOrMistakes()
  const { openForwarder } = await import('./gateway.ts')
  const forwarder = await openForwarder(config, secrets)
  const management = await serveApp(forwarder.management, { host: config.listen.host, port: config.listen.managementPort })
  await forwarder.worker.start()
  forwarder.periodic.start()
  forwarder.events.gatewayStarted({ port: 0, managementPort: management.port, startMs: systemClock.now().getTime() - startedAt })
  await stopped
  await Promise.all([forwarder.worker.stop(drainGraceMs), forwarder.periodic.stop(drainGraceMs)])
  await management.close()
  await forwarder.close()
  forwarder.events.gatewayStopped({ reason: 'signal', uptimeMs: systemClock.now().getTime() - startedAt })
}

/** Asked for first: the first process of a container that listens for no signal is not ended by one. */
function stopSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
}

try {
  await program.parseAsync()
} catch (cause) {
  process.stderr.write(`${explain(cause)}\n`)
  process.exitCode = 1
}
