/** `setup`: the secrets, roles and example configuration that a first start with `compose/` needs; never writes over anything. */
import { randomBytes } from 'node:crypto'
import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { generateCheckpointKey } from '../crypto/checkpoint.ts'
import { generateRootKeys } from '../crypto/root-jwks.ts'
import { newPassword, scramVerifier } from '../crypto/scram.ts'
import { generateSigningKeys } from '../crypto/signing.ts'
import { say } from './say.ts'

const exampleConfig = new URL('../../config/example/', import.meta.url).pathname
const secretBytesMax = 8 * 1024

type SetupOptions = {
  readonly owner: string
  readonly postgresOwner: string
  readonly databaseHost: string
  readonly keystoreHost: string
  readonly clientSecretStdin?: boolean
}

/** One file of `secrets/`: for the product's processes, or for PostgreSQL's first start. */
type SecretFile = { readonly name: string; readonly text: string; readonly reader: 'product' | 'postgres' }

export function setupCommand(): Command {
  return new Command('setup')
    .argument('<folder>', 'where secrets/ and config/ are to be made; compose/ for the compose files')
    .option('--owner <uid>', 'user of the gateway’s containers', '10001')
    .option('--postgres-owner <uid>', 'user of PostgreSQL’s containers', '999')
    .option('--database-host <host>', 'where the data lies', 'database')
    .option('--keystore-host <host>', 'where the keys lie', 'keystore')
    .option('--client-secret-stdin', 'read the client secret of Pro Santé Connect from standard input')
    .description('make secrets, keys and an example configuration for a first start; refuses where any is there already')
    .action((folder: string, options: SetupOptions) => setUp(folder, options))
}

function setUp(folder: string, options: SetupOptions): void {
  const secrets = join(folder, 'secrets')
  const config = join(folder, 'config')
  if (existsSync(secrets) && readdirSync(secrets).length > 0)
    throw new Error(`${secrets} is not empty: keys that are lost cannot be made again, so nothing was written`)
  const owners = { product: userId('--owner', options.owner), postgres: userId('--postgres-owner', options.postgresOwner) }
  const clientSecret = options.clientSecretStdin ? readClientSecret() : ''
  const files = secretFiles(options, clientSecret)
  // Folders stay with whom the outer one belongs to: that person lists and backs them up.
  const { uid, gid } = lstatSync(folder)
  const root = process.getuid?.() === 0
  const give = (path: string, owner: { uid: number; gid: number }) => (root ? chownSync(path, owner.uid, owner.gid) : undefined)
  mkdirSync(secrets, { recursive: true, mode: 0o700 })
  give(secrets, { uid, gid })
  for (const { name, text, reader } of files) {
    const path = join(secrets, name)
    writeFileSync(path, text, { flag: 'wx', mode: 0o400 })
    give(path, { uid: owners[reader], gid: owners[reader] })
  }
  const copied = copyExampleConfig(config, (path) => give(path, { uid, gid }))
  say(
    `${secrets}: ${files.length} files made, mode 0400${root ? '' : ', yours: give them to the containers’ users (chown) before the start'}`,
  )
  say(copied ? `${config}: the example, with invented names and numbers: change every one` : `${config}: left as it stands`)
  say(`next: keep a copy of ${join(secrets, 'root-keys.json')} apart: whoever loses it loses the data`)
  if (clientSecret === '')
    say(`next: put Pro Santé Connect’s client secret into ${join(secrets, 'psc-client-secret')}, which is empty`)
  say('next: check-config says everything that is still missing')
}

function secretFiles(options: SetupOptions, clientSecret: string): readonly SecretFile[] {
  const data = rolesOf({ host: options.databaseHost, database: 'passerelle', owner: 'passerelle_owner', app: 'passerelle_app' })
  const keys = rolesOf({ host: options.keystoreHost, database: 'passerelle_keys', owner: 'keystore_owner', app: 'keystore_app' })
  const scratch = newPassword(randomBytes)
  return [
    { name: 'database-url', text: data.appUrl, reader: 'product' },
    { name: 'database-owner-url', text: data.ownerUrl, reader: 'product' },
    { name: 'keystore-url', text: keys.appUrl, reader: 'product' },
    { name: 'keystore-owner-url', text: keys.ownerUrl, reader: 'product' },
    { name: 'root-keys.json', text: generateRootKeys(systemClock.now()), reader: 'product' },
    { name: 'audit-key.pem', text: generateCheckpointKey(), reader: 'product' },
    {
      name: 'signing-keys.json',
      text: generateSigningKeys(systemClock.now(), randomBytes(3).toString('hex')),
      reader: 'product',
    },
    { name: 'psc-client-secret', text: clientSecret, reader: 'product' },
    { name: 'database-superuser', text: `${newPassword(randomBytes)}\n`, reader: 'postgres' },
    { name: 'database-roles.sql', text: data.sql, reader: 'postgres' },
    { name: 'keystore-superuser', text: `${newPassword(randomBytes)}\n`, reader: 'postgres' },
    { name: 'keystore-roles.sql', text: keys.sql, reader: 'postgres' },
    // Of the server on which restore drills are held (compose.drill.yaml): it holds nothing in between.
    { name: 'scratch-superuser', text: `${scratch}\n`, reader: 'postgres' },
    { name: 'scratch-url', text: `postgres://postgres:${scratch}@scratch:5432/postgres\n`, reader: 'product' },
  ]
}

/** An owner that migrates and a role that owns nothing; PostgreSQL is told their verifiers, never their passwords. */
function rolesOf(input: { host: string; database: string; owner: string; app: string }) {
  const { host, database, owner, app } = input
  const ownerPassword = newPassword(randomBytes)
  const appPassword = newPassword(randomBytes)
  const urlOf = (role: string, password: string) => `postgres://${role}:${password}@${host}:5432/${database}\n`
  const roleOf = (role: string, password: string) =>
    `create role ${role} login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password '${scramVerifier(password, randomBytes(16))}';\n`
  return {
    ownerUrl: urlOf(owner, ownerPassword),
    appUrl: urlOf(app, appPassword),
    sql: `-- Run once by a superuser, outside a transaction.
${roleOf(owner, ownerPassword)}${roleOf(app, appPassword)}create database ${database} owner ${owner} encoding 'UTF8' template template0;
revoke all on database ${database} from public;
grant connect on database ${database} to ${app};
`,
  }
}

function copyExampleConfig(config: string, give: (path: string) => void): boolean {
  if (existsSync(config)) return false
  mkdirSync(config, { mode: 0o755 })
  give(config)
  for (const name of readdirSync(exampleConfig)) {
    cpSync(join(exampleConfig, name), join(config, name))
    give(join(config, name))
  }
  return true
}

function readClientSecret(): string {
  const text = readFileSync(0, 'utf8').trim()
  if (text === '' || text.length > secretBytesMax) throw new Error('standard input: expected the client secret on one line')
  return `${text}\n`
}

function userId(name: string, text: string): number {
  const id = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (id === 0) throw new Error(`${name}: expected the number of a user other than root`)
  return id
}
