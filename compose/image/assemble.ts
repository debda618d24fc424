/** Makes the root of the image in the build stage: Node with the libraries it is linked to, the bundled application, and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { bundleProduct, keptPackages } from './bundle.ts'
import { keepPackages } from './keep-packages.ts'

/** The user that the Dockerfile names. The compile cache is bound to it: another user starts too, but slower. */
const userId = 10_001
const flags = ['--disable-sigusr1', '--max-semi-space-size=16', '--max-old-space-size=160']
const [app = '', root = ''] = process.argv.slice(2)
const bundle = join(app, 'bin/passerelle')
const main = join(bundle, 'main.js')

await bundleProduct({
  entries: { main: join(app, 'src/main.ts'), healthcheck: join(import.meta.dirname, 'healthcheck.ts') },
  folder: bundle,
})
rmSync(join(app, 'src'), { recursive: true })
const { whole, named } = keepPackages({ app, kept: keptPackages })
say(`${readdirSync(bundle).length} files bundled; ${whole} packages kept, of ${named} name and licence`)
openToReaders(app)
warmCompileCache()
copyNode()
copySystemFiles()
cpSync(app, join(root, app), { recursive: true, verbatimSymlinks: true })
openToReaders(join(root, app))

/**
 * Runs what a start runs, under the user and the flags of the image, up to the database that is not there: what V8 compiled
 * on the way is kept. Then help, which loads every command.
 */
function warmCompileCache(): void {
  const cache = join(app, '.compile-cache')
  mkdirSync(cache)
  chmodSync(cache, 0o777)
  const home = mkdtempSync(join(tmpdir(), 'warm-'))
  chmodSync(home, 0o755)
  const env = { NODE_COMPILE_CACHE: cache, NODE_ENV: 'production', PATH: process.env['PATH'] ?? '' }
  const nobody = ['--owner', String(userId), '--postgres-owner', String(userId), '--database-host', '127.0.0.1']
  const made = spawnSync(
    process.execPath,
    [main, 'setup', home, ...nobody, '--keystore-host', '127.0.0.1', '--client-secret-stdin'],
    {
      input: `${'0123456789abcdef'.repeat(2)}\n`,
      encoding: 'utf8',
    },
  )
  if (made.status !== 0) throw new Error(`setup failed: ${made.stderr}`)
  execFileSync('chmod', ['755', join(home, 'secrets')])
  const runs = [
    { args: ['--help'], status: 0 },
    { args: ['check-config'], status: null },
    // As far as the first question to a database, which is refused.
    { args: ['serve'], status: null },
    { args: ['work'], status: null },
  ]
  for (const { args, status } of runs) {
    const ran = spawnSync(process.execPath, [...flags, main, ...args], {
      env: { ...env, ...startEnvironment(home) },
      uid: userId,
      gid: userId,
      cwd: app,
      encoding: 'utf8',
      timeout: 60_000,
    })
    if (ran.error || (status !== null && ran.status !== status)) throw new Error(`warming failed: ${args} ${ran.stderr}`)
    if (status === null) say(`warmed by ${args.join(' ')}: ${`${ran.stdout}${ran.stderr}`.slice(0, 300)}`)
  }
  spawnSync(process.execPath, [join(bundle, 'healthcheck.js')], { env, uid: userId, gid: userId, cwd: app, timeout: 10_000 })
  rmSync(home, { recursive: true })
  chmodSync(cache, 0o755)
  say(`compile cache: ${listFiles(cache).length} modules`)
}

/** What compose.yaml gives, with the secrets that `setup` just made for this alone. */
function startEnvironment(home: string): Record<string, string> {
  const secret = (name: string) => join(home, 'secrets', name)
  return {
    PASSERELLE_PROFILE: 'production',
    PASSERELLE_CONFIG_DIR: join(home, 'config'),
    DATABASE_URL_FILE: secret('database-url'),
    KEYSTORE_DATABASE_URL_FILE: secret('keystore-url'),
    ROOT_KEYS_FILE: secret('root-keys.json'),
    AUDIT_KEY_FILE: secret('audit-key.pem'),
    SIGNING_KEYS_FILE: secret('signing-keys.json'),
    PSC_CLIENT_SECRET_FILE: secret('psc-client-secret'),
  }
}

function copyNode(): void {
  const node = realpathSync(process.execPath)
  copyTo(node, '/usr/local/bin/node')
  const linked = execFileSync('ldd', [node], { encoding: 'utf8' })
  const libraries = [...linked.matchAll(/(\/\S+)\s+\(0x/g)].map(([, path = '']) => path)
  if (libraries.length === 0) throw new Error(`ldd found no libraries: ${linked}`)
  // Resolved under the very names that the loader asks for.
  for (const library of libraries) copyTo(realpathSync(library), library)
  noteDebianPackages(libraries)
}

/** Scanners read which Debian packages the libraries came from, as they do in other images without a package manager. */
function noteDebianPackages(libraries: readonly string[]): void {
  const names = new Set<string>()
  for (const library of [...libraries.map((path) => realpathSync(path)), '/etc/ssl/certs/ca-certificates.crt']) {
    const found = spawnSync('dpkg-query', ['--search', library.replace(/^\/lib/, '/usr/lib')], { encoding: 'utf8' })
    const name = /^([a-z0-9.+-]+)(:[a-z0-9]+)?: /.exec(found.stdout)?.[1]
    if (name) names.add(name)
  }
  const folder = join(root, 'var/lib/dpkg/status.d')
  mkdirSync(folder, { recursive: true })
  for (const name of [...names, 'ca-certificates']) {
    const status = spawnSync('dpkg-query', ['--status', name], { encoding: 'utf8' })
    if (status.status === 0) writeFileSync(join(folder, name), status.stdout)
    const licence = `/usr/share/doc/${name}/copyright`
    if (existsSync(licence)) copyTo(licence, licence)
  }
}

function copySystemFiles(): void {
  copyTo('/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt')
  copyTo(realpathSync('/etc/os-release'), '/etc/os-release')
  writeFileSync(join(root, 'etc/passwd'), `passerelle:x:${userId}:${userId}:Passerelle:/nonexistent:/usr/sbin/nologin\n`)
  writeFileSync(join(root, 'etc/group'), `passerelle:x:${userId}:\n`)
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  mkdirSync(join(root, 'tmp'))
  chmodSync(join(root, 'tmp'), 0o1777)
  mkdirSync(join(root, 'etc/passerelle'))
  mkdirSync('/empty')
}

function copyTo(from: string, path: string): void {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(from, target, { dereference: true })
}

/** What a strict umask or a cache left closed must be readable to the user, and writable to nobody but root. */
function openToReaders(folder: string): void {
  execFileSync('chown', ['-R', '0:0', folder])
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', folder])
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
