/** `npm run demo`: everything on this machine, to try by hand; `-- --once` does the whole job headless and says what came of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { seedPeople } from '../simulators/pro-sante-connect/people.ts'
import { freePorts } from '../support/stack.ts'
import { runOnce } from './once.ts'
import { type Stack, startStack } from './stack.ts'

const usage = `npm run demo -- [options]

  --fresh        forget the data of earlier runs
  --once         do the whole job headless on free ports with its own data, print one JSON line, exit 0 when all was accepted
  --count N      with --once: screenings to capture (default 24, at most 500)
  --port N       port of the gateway (default 8080; the simulators take the next two)
  --help         this text
`
const demoFolder = resolve(import.meta.dirname, '../../.demo')

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      fresh: { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      count: { type: 'string', default: '24' },
      port: { type: 'string', default: '8080' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const count = wholeNumber('--count', values.count, 1, 500)
  const port = wholeNumber('--port', values.port, 1024, 65_000)
  return values.once ? once(count) : stay({ fresh: values.fresh, port })
}

async function once(count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-once-'))
  let stack: Stack | null = null
  try {
    stack = await startStack({ folder, ports: await freePorts(), onStep: (step) => console.error(`starting ${step}…`) })
    console.error(`capturing ${count} screenings…`)
    const report = await runOnce(stack, count)
    console.log(JSON.stringify(report))
    const whole = report.accepted === report.captured && report.pending === 0
    // One euro for each that the nation took, no more and no less; and every capture accounted for.
    return whole && report.charges === report.captured && report.ledger === 'balanced' ? 0 : 1
  } finally {
    await stack?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function stay(options: { fresh: boolean; port: number }): Promise<number> {
  const pidFile = join(demoFolder, 'demo.pid')
  const other = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0
  if (other > 0 && isAlive(other)) {
    console.error(`A demonstration already runs here (process ${other}). Stop it with Ctrl-C in its window first.`)
    return 1
  }
  if (options.fresh) rmSync(demoFolder, { recursive: true, force: true })
  const { port } = options
  const ports = { gateway: port, psc: port + 1, sidep: port + 2, managementGateway: port + 3, managementWorker: port + 4 }
  const onStep = (step: string) => console.error(`starting ${step}…`)
  const stack = await startStack({ folder: demoFolder, ports, onStep }).catch((cause: unknown) => {
    throw new Error(
      `${cause instanceof Error ? cause.message : cause}\nIf the data of an earlier run is in the way: npm run demo -- --fresh`,
    )
  })
  writeFileSync(pidFile, String(process.pid))
  console.log(box(stack))
  const fell = Promise.race(
    [stack.gateway, stack.worker].map((started) =>
      started.exited.then((code) => `${started.name} ended with ${code}; see ${started.logFile}`),
    ),
  )
  const asked = new Promise<null>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done(null))
  })
  const reason = await Promise.race([asked, fell])
  if (reason !== null) console.error(reason)
  console.error('\nstopping…')
  await stack.close()
  rmSync(pidFile, { force: true })
  return reason === null ? 0 : 1
}

function box(stack: Stack): string {
  const people = seedPeople.filter((person) => ['titulaire', 'titulaire-lyon', 'preparateur', 'remplacante'].includes(person.id))
  const lines = [
    'PASSERELLE · démonstration (données inventées, rien ne sort de cette machine)',
    '',
    `Passerelle              ${stack.url}`,
    `Simulateur SI-DEP       ${stack.sidep.pageUrl}   (ce que la « nation » a reçu ; profil supposé)`,
    '',
    'Connexion : bouton « Pro Santé Connect », puis choisir par exemple',
    ...people.map((person) => `  · ${person.givenName} ${person.familyName} — ${person.role}, ${person.place}`),
    '',
    `Journaux : ${join(stack.folder.path, 'logs')}      Ctrl-C arrête tout.`,
  ]
  const width = Math.max(...lines.map((line) => line.length))
  return [`┌${'─'.repeat(width + 2)}┐`, ...lines.map((line) => `│ ${line.padEnd(width)} │`), `└${'─'.repeat(width + 2)}┘`].join(
    '\n',
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < min || number > max)
    throw new Error(`${name}: expected a whole number from ${min} to ${max}`)
  return number
}

try {
  process.exitCode = await main()
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause)
  process.exitCode = 1
}
