/** Databases for tests: two templates migrated once, cloned for each test file, dropped after it. */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { migrate, migrationFolders } from '../../src/storage/migrator.ts'

export type DatabaseUrls = {
  readonly superUrl: string
  readonly ownerUrl: string
  readonly appUrl: string
  readonly keystoreOwnerUrl: string
  readonly keystoreAppUrl: string
}
export type TestDatabases = DatabaseUrls & { drop(): Promise<void> }

/** Roles as a hoster makes them: an owner that migrates, an application role that owns nothing; the same for the key store. */
const roles = ['passerelle_owner', 'passerelle_app', 'keystore_owner', 'keystore_app'] as const
const password = 'loopback-only'

export { migrationFolders }

export async function createRoles(superUrl: string, rolePassword: string): Promise<void> {
  const sql = connect(superUrl)
  for (const role of roles) {
    await sql.unsafe(
      `do $$ begin if not exists (select from pg_roles where rolname = '${role}') then create role ${role} login; end if; end $$`,
    )
    await sql.unsafe(`alter role ${role} password '${rolePassword}'`)
  }
  await sql.end()
}

export async function buildTemplates(superUrl: string): Promise<void> {
  await createRoles(superUrl, password)
  const sql = connect(superUrl)
  await sql.unsafe('create database passerelle_template owner passerelle_owner')
  await sql.unsafe('create database keystore_template owner keystore_owner')
  await sql.end()
  await migrateAt(urlFor(superUrl, 'passerelle_owner', 'passerelle_template'), migrationFolders.main)
  await migrateAt(urlFor(superUrl, 'keystore_owner', 'keystore_template'), migrationFolders.keystore)
}

/** Clones both templates under fresh names. */
export async function createTestDatabases(superUrl: string): Promise<TestDatabases> {
  const suffix = randomBytes(6).toString('hex')
  const main = `passerelle_${suffix}`
  const keystore = `keystore_${suffix}`
  const sql = connect(superUrl)
  await sql.unsafe(`create database ${main} template passerelle_template owner passerelle_owner`)
  await sql.unsafe(`create database ${keystore} template keystore_template owner keystore_owner`)
  await sql.end()
  return { ...urlsOf(superUrl, { main, keystore }), drop: () => dropAll(superUrl, [main, keystore]) }
}

/** Of databases that `createTestDatabases` made, also after a restart of their server on another port. */
export function urlsOf(superUrl: string, { main, keystore }: { readonly main: string; readonly keystore: string }): DatabaseUrls {
  return {
    superUrl: withDatabase(superUrl, main),
    ownerUrl: urlFor(superUrl, 'passerelle_owner', main),
    appUrl: urlFor(superUrl, 'passerelle_app', main),
    keystoreOwnerUrl: urlFor(superUrl, 'keystore_owner', keystore),
    keystoreAppUrl: urlFor(superUrl, 'keystore_app', keystore),
  }
}

/** Drops without force: a connection left open by the code under test fails the file. */
async function dropAll(superUrl: string, names: readonly string[]): Promise<void> {
  const sql = connect(superUrl)
  try {
    for (const name of names) {
      for (let tries = 0; ; tries++) {
        const [row] = await sql<{ open: number }[]>`select count(*)::int as open from pg_stat_activity where datname = ${name}`
        if (row?.open === 0) break
        if (tries >= 40) throw new Error(`${row?.open} connections to ${name} were left open`)
        await wait(50)
      }
      await sql.unsafe(`drop database ${name}`)
    }
  } finally {
    await sql.end()
  }
}

export async function migrateAt(ownerUrl: string, folder: string): Promise<void> {
  const owner = connect(ownerUrl)
  await migrate(owner, folder, { now: () => new Date(), wait: (ms) => wait(ms) })
  await owner.end()
}

export function connect(url: string): postgres.Sql {
  return postgres(url, { max: 2, onnotice: () => undefined })
}

function urlFor(superUrl: string, role: (typeof roles)[number], database: string): string {
  const url = new URL(withDatabase(superUrl, database))
  url.username = role
  url.password = password
  return url.href
}

function withDatabase(superUrl: string, database: string): string {
  const url = new URL(superUrl)
  url.pathname = `/${database}`
  return url.href
}
