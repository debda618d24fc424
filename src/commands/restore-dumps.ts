/** Restores the newest pair of dumps into two scratch databases with `pg_restore`, and drops them afterwards. */
import { spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'

export type DumpPair = { readonly data: string; readonly keys: string; readonly takenAt: Date }

/** `data-….dump` and `keystore-….dump` of a folder: the newest of each, as `pg_dump --format=custom` wrote them. Throws where one is missing. */
export function findNewestDumps(folder: string): DumpPair {
  const newest = (prefix: string) => {
    const found = readdirSync(folder)
      .filter((name) => name.startsWith(prefix) && name.endsWith('.dump'))
      .map((name) => ({ path: join(folder, name), at: statSync(join(folder, name)).mtime }))
      .sort((left, right) => right.at.getTime() - left.at.getTime())[0]
    if (!found) throw new Error(`no ${prefix}….dump in ${folder}: expected what pg_dump --format=custom wrote there`)
    return found
  }
  const [data, keys] = [newest('data-'), newest('keystore-')]
  return { data: data.path, keys: keys.path, takenAt: data.at }
}

export type ScratchDatabases = { readonly dataUrl: string; readonly keysUrl: string; drop(): Promise<void> }

const restoreTimeoutMs = 4 * 3_600_000
const errorCharactersMax = 4000

/**
 * Makes two databases of a new name on the scratch server and restores into them. `serverUrl`: a role that may create databases
 * and roles there, and any database to begin from; never the live server's. Throws with what pg_restore said.
 */
export async function restoreDumps(serverUrl: string, dumps: DumpPair, suffix: string): Promise<ScratchDatabases> {
  const server = postgres(serverUrl, { max: 1, onnotice: () => undefined, connect_timeout: 10 })
  const names = [`passerelle_drill_${suffix}`, `keystore_drill_${suffix}`] as const
  const urlOf = (name: string) => Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
  const drop = async () => {
    for (const name of names) await server`drop database if exists ${server(name)} with (force)`
    await server.end({ timeout: 5 })
  }
  try {
    for (const role of rolesOfDumps) await ensureRole(server, role)
    for (const name of names) await server`create database ${server(name)}`
    await runPgRestore(urlOf(names[0]), dumps.data)
    await runPgRestore(urlOf(names[1]), dumps.keys)
    return { dataUrl: urlOf(names[0]), keysUrl: urlOf(names[1]), drop }
  } catch (cause) {
    await drop()
    throw cause
  }
}

/** A dump names in its row-level policies roles that it does not hold. Nobody can log in under these. */
const rolesOfDumps = ['passerelle_owner', 'passerelle_app', 'keystore_owner', 'keystore_app']

async function ensureRole(server: postgres.Sql, name: string): Promise<void> {
  const [known] = await server`select from pg_roles where rolname = ${name}`
  if (!known) await server`create role ${server(name)} nologin`
}

/** The password goes by the child's environment: an argument list is open to everybody on the machine. */
async function runPgRestore(url: string, dump: string): Promise<void> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const env = {
    PATH: process.env['PATH'] ?? '',
    PGHOST: hostname,
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  }
  const args = ['--no-owner', '--no-privileges', '--exit-on-error', `--dbname=${env.PGDATABASE}`, dump]
  const child = spawn('pg_restore', args, { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: restoreTimeoutMs })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-errorCharactersMax)
  })
  const code = await new Promise<number | null>((done, refuse) => {
    child.once('error', (cause) =>
      refuse(new Error('pg_restore cannot be started: is it on the PATH? (in containers, see README)', { cause })),
    )
    child.once('close', done)
  })
  if (code !== 0) throw new Error(`pg_restore of ${dump} ended with ${code}: ${said.trim()}`)
}
