/** Broken environments and secrets, over a good config directory. */
import type { BrokenConfig } from './broken-config.ts'
import { exampleSecrets } from './example-config.ts'

const owner = { DATABASE_OWNER_URL_FILE: '@/DATABASE_OWNER_URL', KEYSTORE_OWNER_URL_FILE: '@/KEYSTORE_OWNER_URL' }

export const brokenEnvironments: readonly BrokenConfig[] = [
  {
    title: 'no profile',
    env: { PASSERELLE_PROFILE: undefined },
    mistakes: ['environment  PASSERELLE_PROFILE: missing: expected one of demo, test, production'],
  },
  {
    title: 'a profile misspelt',
    env: { PASSERELLE_PROFILE: 'prodution' },
    mistakes: ['environment  PASSERELLE_PROFILE: expected one of demo, test, production; did you mean production?'],
  },
  {
    title: 'a variable of ours misspelt',
    env: { PASSERELLE_CONFIGDIR: '/etc/passerelle' },
    mistakes: ['environment  PASSERELLE_CONFIGDIR: unknown variable: did you mean PASSERELLE_CONFIG_DIR?'],
  },
  {
    title: 'a variable of ours that nobody knows',
    env: { PASSERELLE_SKIP_CHECKS: '1' },
    mistakes: [
      'environment  PASSERELLE_SKIP_CHECKS: unknown variable: expected one of PASSERELLE_PROFILE, PASSERELLE_CONFIG_DIR',
    ],
  },
  {
    title: 'a directory that is not there',
    env: { PASSERELLE_CONFIG_DIR: '@/elsewhere' },
    mistakes: [
      'elsewhere/destinations.yaml  cannot be read (ENOENT)',
      'elsewhere/gateway.yaml  cannot be read (ENOENT)',
      'elsewhere/pharmacies.yaml  cannot be read (ENOENT)',
      'elsewhere/test-kits.yaml  cannot be read (ENOENT)',
    ],
  },
  {
    title: 'a port that is a word',
    env: { PORT: 'http' },
    mistakes: ['environment  PORT: expected a port number from 0 to 65535'],
  },
  {
    title: 'a port beyond the last',
    env: { MANAGEMENT_PORT: '70000' },
    mistakes: ['environment  MANAGEMENT_PORT: expected a port number from 0 to 65535'],
  },
  {
    title: 'one port for both',
    env: { PORT: '9090' },
    mistakes: ['environment  MANAGEMENT_PORT: expected another port than PORT'],
  },
  {
    title: 'debug logs in production',
    env: { LOG_LEVEL: 'debug' },
    mistakes: ['environment  LOG_LEVEL: debug and trace are refused in production: expected info, warn or error'],
  },
  {
    title: 'a log level in French',
    env: { LOG_LEVEL: 'erreur' },
    mistakes: ['environment  LOG_LEVEL: expected one of trace, debug, info, warn, error; did you mean error?'],
  },
  {
    title: 'an address to listen on that is none',
    env: { HOST: 'all interfaces' },
    mistakes: ['environment  HOST: expected an address to listen on, such as 0.0.0.0 or ::'],
  },
  {
    title: 'a secret by plain environment in production',
    env: { PSC_CLIENT_SECRET_FILE: undefined, PSC_CLIENT_SECRET: exampleSecrets.PSC_CLIENT_SECRET.trim() },
    mistakes: ['environment  PSC_CLIENT_SECRET: is refused in production: expected PSC_CLIENT_SECRET_FILE, the path of a file'],
  },
  {
    title: 'a secret both ways',
    env: { PASSERELLE_PROFILE: 'test', PSC_CLIENT_SECRET: exampleSecrets.PSC_CLIENT_SECRET.trim() },
    mistakes: [
      'environment  PSC_CLIENT_SECRET: is given both as PSC_CLIENT_SECRET and as PSC_CLIENT_SECRET_FILE: expected one of them',
    ],
  },
  {
    title: "the driver's own password variable",
    env: { PGPASSWORD: 'HiddenWord9' },
    mistakes: ['environment  PGPASSWORD: is refused in production: expected the password in the file of each database URL'],
  },
  {
    title: 'no secret at all',
    env: {
      DATABASE_URL_FILE: undefined,
      KEYSTORE_DATABASE_URL_FILE: undefined,
      PSC_CLIENT_SECRET_FILE: '',
      ROOT_KEYS_FILE: undefined,
      AUDIT_KEY_FILE: undefined,
    },
    mistakes: [
      'environment  AUDIT_KEY_FILE: missing: expected the path of the key that seals the audit log (audit new-key makes one)',
      'environment  DATABASE_URL: missing: expected DATABASE_URL_FILE or DATABASE_URL',
      'environment  KEYSTORE_DATABASE_URL: missing: expected KEYSTORE_DATABASE_URL_FILE or KEYSTORE_DATABASE_URL',
      'environment  PSC_CLIENT_SECRET: missing: expected PSC_CLIENT_SECRET_FILE or PSC_CLIENT_SECRET',
      'environment  ROOT_KEYS_FILE: missing: expected the path of the JWKS file of root keys',
    ],
  },
  {
    title: 'a secret file that is not there',
    files: { PSC_CLIENT_SECRET: null },
    mistakes: ['environment  PSC_CLIENT_SECRET_FILE: its file cannot be read (ENOENT)'],
  },
  {
    title: 'a secret file that holds a newline alone',
    files: { PSC_CLIENT_SECRET: '\n' },
    mistakes: ['environment  PSC_CLIENT_SECRET_FILE: is empty'],
  },
  {
    title: 'a secret of two lines',
    files: { PSC_CLIENT_SECRET: 'HiddenWord9HiddenWord9\nHiddenWord9\n' },
    mistakes: ['environment  PSC_CLIENT_SECRET_FILE: expected one line without spaces or control characters'],
  },
  {
    title: 'a secret file that is a directory',
    env: { PSC_CLIENT_SECRET_FILE: '@/' },
    mistakes: ['environment  PSC_CLIENT_SECRET_FILE: its file is not a regular file'],
  },
  {
    title: 'a secret file of nine kibibytes',
    files: { PSC_CLIENT_SECRET: 'x'.repeat(9 * 1024) },
    mistakes: ['environment  PSC_CLIENT_SECRET_FILE: its file is larger than 8192 bytes'],
  },
  {
    title: 'a default client secret',
    files: { PSC_CLIENT_SECRET: 'passerelle-changeme-secret' },
    mistakes: ['environment  PSC_CLIENT_SECRET: is a default or shorter than 16 characters: refused in production'],
  },
  {
    title: 'a short client secret',
    files: { PSC_CLIENT_SECRET: 'HiddenWord9' },
    mistakes: ['environment  PSC_CLIENT_SECRET: is a default or shorter than 16 characters: refused in production'],
  },
  {
    title: 'a database address that is not one',
    files: { DATABASE_URL: 'data.internal:5432/HiddenWord9' },
    mistakes: [
      'environment  DATABASE_URL: expected postgres://user:password@host:5432/database, with special characters of the password percent-encoded',
    ],
  },
  {
    title: 'a database without a user',
    files: { DATABASE_URL: 'postgres://data.internal:5432/passerelle' },
    mistakes: ['environment  DATABASE_URL: names no user'],
  },
  {
    title: 'a database without a name',
    files: { DATABASE_URL: 'postgres://gateway:HiddenWord9HiddenWord9@data.internal' },
    mistakes: ['environment  DATABASE_URL: names no database'],
  },
  {
    title: 'a database with a default password',
    files: { DATABASE_URL: 'postgres://gateway:postgres@data.internal/passerelle' },
    mistakes: [
      'environment  DATABASE_URL: holds a password that is a default or shorter than 16 characters: refused in production',
    ],
  },
  {
    title: 'keys in the same database as the data',
    files: { KEYSTORE_DATABASE_URL: exampleSecrets.DATABASE_URL.replace(':5432', '') },
    mistakes: ['environment  KEYSTORE_DATABASE_URL: names the same database as the data: expected one of its own for the keys'],
  },
  {
    title: 'an owner who is the application',
    env: owner,
    files: { DATABASE_OWNER_URL: exampleSecrets.DATABASE_URL },
    mistakes: ["environment  DATABASE_OWNER_URL: names the same role as DATABASE_URL: expected the owner's own role"],
  },
  {
    title: 'an owner of another database',
    env: owner,
    files: { KEYSTORE_OWNER_URL: exampleSecrets.DATABASE_OWNER_URL },
    mistakes: ['environment  KEYSTORE_OWNER_URL: names another database than KEYSTORE_DATABASE_URL'],
  },
  {
    title: 'an audit key that is none',
    files: { AUDIT_KEY: 'HiddenWord9' },
    mistakes: [
      'environment  AUDIT_KEY_FILE: in its file: expected an Ed25519 private key, PKCS #8 in PEM (audit new-key makes one)',
    ],
  },
  {
    title: 'signing keys that are not JSON',
    env: { SIGNING_KEYS_FILE: '@/SIGNING_KEYS' },
    files: { SIGNING_KEYS: 'HiddenWord9' },
    mistakes: [
      'environment  SIGNING_KEYS_FILE: in its file: expected a JWKS, {"keys": […]}, of at least one key, each with a kid of its own',
    ],
  },
  {
    title: 'root keys that are not JSON',
    files: { ROOT_KEYS: 'HiddenWord9' },
    mistakes: [
      'environment  ROOT_KEYS_FILE: in its file: expected a JWKS, {"keys": […]}, of at least one key, each with a kid of its own',
    ],
  },
  {
    title: 'root keys without a key',
    files: { ROOT_KEYS: '{"keys":[]}' },
    mistakes: [
      'environment  ROOT_KEYS_FILE: in its file: expected a JWKS, {"keys": […]}, of at least one key, each with a kid of its own',
    ],
  },
  {
    title: 'two root keys with one kid',
    files: { ROOT_KEYS: '{"keys":[{"kid":"a"},{"kid":"a"}]}' },
    mistakes: [
      'environment  ROOT_KEYS_FILE: in its file: expected a JWKS, {"keys": […]}, of at least one key, each with a kid of its own',
    ],
  },
  {
    title: 'mistakes of every kind at once',
    env: { PASSERELLE_PROFLE: 'production', LOG_LEVEL: 'trace', PORT: '-1' },
    files: { PSC_CLIENT_SECRET: '' },
    edits: [
      ['gateway', 'publicUrl: https:', 'publicUrl: http:'],
      ['gateway', 'idleMinutes: 15', 'idleMinuts: 15'],
      ['gateway', 'country: FR\n  pharmacistSectors', 'country: France\n  pharmacistSectors'],
      ['gateway', '2027-11-30', '2020-11-30'],
      ['pharmacies', 'finess: "759999014', 'finess: "759999015'],
      ['destinations', 'timeoutMs: 30000', 'timeoutMs: 30 s\n      insecureAllowPlainHttp: true'],
      ['destinations', 'concurrencyMax: 8', 'concurencyMax: 8'],
      ['destinations', 'billed: true', 'billed: true\n    test: true'],
      ['test-kits', '"1232"', '"1833"'],
    ],
    mistakes: [
      'destinations.yaml:11:18  destinations[0].transport.timeoutMs: expected a whole number from 1000 to 120000, found text',
      'destinations.yaml:12:31  destinations[0].transport.insecureAllowPlainHttp: is refused in production',
      'destinations.yaml:21:5  destinations[0].concurencyMax: unknown key: did you mean concurrencyMax?',
      'destinations.yaml:27:13  destinations[0].billed: a destination for trials is never metered: expected false',
      'destinations.yaml:28:11  destinations[0].test: a receiver for trials is refused in production',
      'gateway.yaml:4:12  publicUrl: plain http is refused in production: expected https',
      'gateway.yaml:17:12  signIn.country: expected a country code of two capitals (ISO 3166-1), such as FR',
      'gateway.yaml:21:3  sessions.idleMinuts: unknown key: did you mean idleMinutes?',
      'gateway.yaml:33:26  hosting.certificateValidUntil: the certificate has expired',
      'pharmacies.yaml:5:13  pharmacies[0].finess: is not a FINESS number: its last digit (the Luhn key) does not agree with the others',
      'test-kits.yaml:7:11  testKits[1].id: another test kit of the list has this id',
      'environment  LOG_LEVEL: debug and trace are refused in production: expected info, warn or error',
      'environment  PASSERELLE_PROFLE: unknown variable: did you mean PASSERELLE_PROFILE?',
      'environment  PORT: expected a port number from 0 to 65535',
      'environment  PSC_CLIENT_SECRET_FILE: is empty',
    ],
  },
]
