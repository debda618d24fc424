/** Makes the root of the image in the build stage: Node with the libraries it is linked to, the application, and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { trimPackages } from './trim-packages.ts'

/** The user that the Dockerfile names. The compile cache is bound to it: another user starts too, but slower. */
const userId = 10_001
const [app = '', root = ''] = process.argv.slice(2)

const packages = join(app, 'node_modules')
const trimmed = trimPackages({ packages, sources: join(app, 'src') })
say(`trimmed ${trimmed.files} files and ${trimmed.exportTables} tables of exports`)
cpSync(join(import.meta.dirname, 'healthcheck.ts'), join(app, 'healthcheck.ts'))
openToReaders(app)
warmCompileCache()
copyNode()
copySystemFiles()
cpSync(app, join(root, app), { recursive: true, verbatimSymlinks: true })
openToReaders(join(root, app))

/** Every module of ours is loaded once, under the user and the flags of the image, so that a start compiles nothing. */
function warmCompileCache(): void {
  const cache = join(app, '.compile-cache')
  mkdirSync(cache)
  chmodSync(cache, 0o777)
  const modules = listFiles(join(app, 'src')).filter((file) => file.endsWith('.ts') && file !== join(app, 'src/main.ts'))
  const script = `for (const file of ${JSON.stringify([...modules, join(app, 'healthcheck.ts')])}) await import(file)`
  const env = { NODE_COMPILE_CACHE: cache, NODE_ENV: 'production', PATH: process.env['PATH'] ?? '' }
  const flags = ['--disable-sigusr1', '--max-semi-space-size=2']
  // `main.ts` runs the command line: its help is the command that loads it and does nothing.
  for (const args of [
    ['--input-type=module', '-e', script],
    [join(app, 'src/main.ts'), '--help'],
  ]) {
    const ran = spawnSync(process.execPath, [...flags, ...args], { env, uid: userId, gid: userId, cwd: app, encoding: 'utf8' })
    if (ran.status !== 0 && !args.includes('--input-type=module')) throw new Error(`warming failed: ${ran.stderr}`)
    if (ran.status !== 0) say(`warming: ${ran.stderr.slice(0, 500)}`)
  }
  chmodSync(cache, 0o755)
  say(`compile cache: ${listFiles(cache).length} modules`)
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
