/** The command table: each command decides, opens, runs, closes, and says by its exit code how it went. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import postgres from 'postgres'
import { systemClock } from './base/clock.ts'
import { eraseCommand } from './commands/erase.ts'
import { keysCommand } from './commands/keys.ts'
import { configRefused, explain, say } from './commands/say.ts'
import { checkConfig } from './config/check-config.ts'
import { type LoadedConfig, loadConfig, loadOwnerUrls } from './config/load-config.ts'
import { parseRootKeys } from './crypto/root-jwks.ts'
import { migrationsFolder, openForwarder, openGateway } from './gateway.ts'
import { serveApp } from './http/serve.ts'
import { migrate } from './storage/migrator.ts'

const program = new Command('passerelle')
  .description('Gateway from pharmacies to the national screening file')
  .showHelpAfterError()

program.command('serve').description('serve pages, and health and metrics on the management port').action(serve)
program.command('work').description('forward declarations to their destinations').action(work)
program
  .command('migrate')
  .description('bring both databases to this release; safe to run from many replicas')
  .action(runMigrations)
program
  .command('check-config')
  .description('say everything that is wrong with the configuration, and start nothing')
  .option('--print', 'print the effective configuration without secrets, and where each value came from')
  .action((options: { print?: boolean }) => {
    const { exitCode, output } = checkConfig(process.env, {
      now: systemClock.now(),
      parseRootKeys,
      print: options.print ?? false,
    })
    say(output)
    process.exitCode = exitCode
  })
program.addCommand(keysCommand())
program.addCommand(eraseCommand())

async function serve(): Promise<void> {
  const startedAt = systemClock.now().getTime()
  const { config, secrets } = configOrMistakes()
  const gateway = await openGateway(config, secrets)
  const { host, port, managementPort } = config.listen
  const served = await serveApp(gateway.web.app, { host, port, headers: gateway.web.headers })
  const management = await serveApp(gateway.management, { host, port: managementPort })
  gateway.events.gatewayStarted({
    port: served.port,
    managementPort: management.port,
    startMs: systemClock.now().getTime() - startedAt,
  })
  await stopSignal()
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
  const { config, secrets } = configOrMistakes()
  const forwarder = await openForwarder(config, secrets)
  const management = await serveApp(forwarder.management, { host: config.listen.host, port: config.listen.managementPort })
  await forwarder.worker.start()
  forwarder.periodic.start()
  forwarder.events.gatewayStarted({ port: 0, managementPort: management.port, startMs: systemClock.now().getTime() - startedAt })
  await stopSignal()
  await Promise.all([forwarder.worker.stop(drainGraceMs), forwarder.periodic.stop(drainGraceMs)])
  await management.close()
  await forwarder.close()
  forwarder.events.gatewayStopped({ reason: 'signal', uptimeMs: systemClock.now().getTime() - startedAt })
}

async function runMigrations(): Promise<void> {
  const urls = loadOwnerUrls(process.env)
  if (!urls.ok) throw configRefused(urls.problem)
  for (const [name, url, folder] of [
    ['main database', urls.value.databaseOwnerUrl, migrationsFolder],
    ['key store', urls.value.keystoreOwnerUrl, `${migrationsFolder}keystore/`],
  ] as const) {
    const owner = postgres(url, { max: 2, onnotice: () => undefined, connect_timeout: 10 })
    try {
      const report = await migrate(owner, folder, { now: () => systemClock.now(), wait: (ms) => sleep(ms) })
      say(report.applied.length === 0 ? `${name}: already at ${report.version}` : `${name}: applied ${report.applied.join(', ')}`)
    } finally {
      await owner.end({ timeout: 5 })
    }
  }
}

function configOrMistakes(): LoadedConfig {
  const loaded = loadConfig(process.env, { now: systemClock.now(), parseRootKeys })
  if (!loaded.ok) throw configRefused(loaded.problem)
  return loaded.value
}

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
