/** What secrets must be: database URLs that name everything, two databases and two roles, no default and nothing short. */
import type { Profile } from '../domain/profile.ts'

export const secretLengthMin = 16

const defaultWords = [
  'changeme',
  'change-me',
  'password',
  'passw0rd',
  'postgres',
  'passerelle',
  'secret',
  'demo',
  'example',
  '1234',
  'azerty',
  'qwerty',
]

/** True for what somebody left as it came, or could guess: refused in production. */
export function isWeakSecret(secret: string): boolean {
  if (secret.length < secretLengthMin || new Set(secret).size < 6) return true
  // What is left once every default word is taken away must be long enough by itself.
  const rest = defaultWords.reduce((text, word) => text.replaceAll(word, ''), secret.toLowerCase())
  return rest.length < secretLengthMin / 2
}

/** What is wrong with a database URL, without a byte of it; null where nothing is. */
export function checkDatabaseUrl(text: string, profile: Profile | null): string | null {
  const url = URL.parse(text)
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol))
    return 'expected postgres://user:password@host:5432/database, with special characters of the password percent-encoded'
  if (url.username === '') return 'names no user'
  if (url.pathname.length < 2) return 'names no database'
  // Without a password the server knows us by certificate or socket: nothing to judge here.
  if (profile === 'production' && url.password !== '' && isWeakSecret(url.password))
    return `holds a password that is a default or shorter than ${secretLengthMin} characters: refused in production`
  return null
}

export type DatabaseUrls = {
  readonly databaseUrl: string | null
  readonly databaseOwnerUrl: string | null
  readonly keystoreDatabaseUrl: string | null
  readonly keystoreOwnerUrl: string | null
}

/** Across the four: keys lie apart from the data, an owner reaches the same database, the application is not the owner. */
export function checkTwoDatabases(urls: DatabaseUrls): { key: string; message: string }[] {
  const found: { key: string; message: string }[] = []
  const data = placeOf(urls.databaseUrl) ?? placeOf(urls.databaseOwnerUrl)
  const keys = placeOf(urls.keystoreDatabaseUrl) ?? placeOf(urls.keystoreOwnerUrl)
  if (data !== null && data === keys)
    found.push({
      key: urls.keystoreDatabaseUrl === null ? 'KEYSTORE_OWNER_URL' : 'KEYSTORE_DATABASE_URL',
      message: 'names the same database as the data: expected one of its own for the keys',
    })
  const pairs = [
    { key: 'DATABASE_OWNER_URL', app: urls.databaseUrl, owner: urls.databaseOwnerUrl, name: 'DATABASE_URL' },
    { key: 'KEYSTORE_OWNER_URL', app: urls.keystoreDatabaseUrl, owner: urls.keystoreOwnerUrl, name: 'KEYSTORE_DATABASE_URL' },
  ]
  for (const { key, app, owner, name } of pairs) {
    if (app === null || owner === null) continue
    if (placeOf(app) !== placeOf(owner)) found.push({ key, message: `names another database than ${name}` })
    // Row-level security does not bind the owner of a table.
    if (URL.parse(app)?.username === URL.parse(owner)?.username)
      found.push({ key, message: `names the same role as ${name}: expected the owner's own role` })
  }
  return found
}

function placeOf(text: string | null): string | null {
  const url = text === null ? null : URL.parse(text)
  if (!url) return null
  const host = url.searchParams.get('host') ?? url.hostname
  return `${host.toLowerCase()}:${url.port || '5432'}${url.pathname}`
}
