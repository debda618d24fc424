/** Holds the house's table: which room may import which, and which packages each may use. Walks every import of src/. */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const src = join(root, 'src')

/** Room → rooms it may import. `main.ts` and `gateway.ts` wire everything and are imported by nothing but `main.ts`. */
const rooms: Record<string, readonly string[]> = {
  base: [],
  domain: ['base'],
  formats: ['base', 'domain'],
  crypto: ['base'],
  config: ['base', 'domain'],
  telemetry: ['base', 'domain'],
  storage: ['base', 'domain', 'crypto'],
  audit: ['base', 'domain', 'crypto', 'storage'],
  queue: ['base', 'domain', 'storage', 'audit', 'telemetry'],
  destinations: ['base', 'domain', 'formats', 'telemetry'],
  actions: ['base', 'domain', 'formats', 'crypto', 'storage', 'audit', 'telemetry'],
  auth: ['base', 'domain', 'crypto', 'storage', 'audit', 'telemetry'],
  http: ['base', 'domain', 'telemetry', 'actions', 'auth'],
  web: ['base', 'domain', 'actions', 'auth', 'http'],
  // Reads how the house stands, from every side: for metrics at each scrape and for the doctor's report.
  doctor: ['base', 'domain', 'config', 'crypto', 'storage', 'audit', 'telemetry'],
  // What an operator types: opens what it needs, like the composition root, and closes it.
  // It closes months as the pages do single documents: through actions and formats.
  // `queue …` and `housekeeping` say and do by hand what the worker does by itself: one road, not two.
  // Destinations: reconciliation asks one what it holds; no command sends anything.
  commands: [
    'base',
    'domain',
    'config',
    'formats',
    'crypto',
    'storage',
    'audit',
    'telemetry',
    'queue',
    'doctor',
    'actions',
    'destinations',
    'http',
    // The two long-running processes open what the composition root composes.
    'gateway.ts',
  ],
}

/** Room → packages from npm, and Node's own modules, that it may use. */
const packages: Record<string, readonly string[]> = {
  // BlockList and isIP: no connection is made there. Ids: nothing is sealed there.
  base: ['node:net', 'node:crypto'],
  domain: [],
  formats: ['ltx', 'pdfkit', 'node:crypto', 'node:buffer', 'node:stream'],
  // Files: a key service's token, read anew each time, and the certificates of its connection.
  crypto: ['node-jose', 'node:crypto', 'node:fs', 'node:util', 'undici'],
  config: ['zod', 'yaml', 'node:fs', 'node:path', 'node:net', 'node:crypto'],
  telemetry: [
    'pino',
    'prom-client',
    '@opentelemetry/api',
    '@opentelemetry/exporter-trace-otlp-http',
    '@opentelemetry/resources',
    '@opentelemetry/sdk-trace',
    // Which span is around; and the type of what resolves names: no connection is made there.
    'node:async_hooks',
    'node:net',
  ],
  storage: ['drizzle-orm', 'postgres', 'node:crypto', 'node:fs', 'node:path'],
  audit: ['node:fs'],
  queue: [],
  destinations: ['undici', 'ssh2', 'node:fs', 'node:net', 'node:tls', 'node:dns', 'node:path', 'node:crypto'],
  actions: [],
  auth: ['openid-client', 'undici', 'node:crypto', 'node:net'],
  http: ['hono', '@hono/node-server', 'zod', 'node:net', 'node:http', 'node:crypto'],
  web: ['hono', 'node:crypto'],
  doctor: ['hono', 'node:crypto', 'node:fs', 'node:net', 'node:tls'],
  commands: [
    'commander',
    'node:fs',
    'node:os',
    'node:path',
    'node:child_process',
    'node:events',
    'node:crypto',
    'node:timers',
    'postgres',
  ],
}

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean }

const files = (readdirSync(src, { recursive: true, encoding: 'utf8' }) as string[]).filter((name) => name.endsWith('.ts')).sort()
const imports = files.flatMap((file) => importsOf(file))

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  const found = text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  )
  return [...found].map((match) => ({ from: file, to: match[2] ?? match[3] ?? match[4] ?? '', typeOnly: match[1] !== undefined }))
}

const roomOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file)
const targetOf = (entry: Import) => relative(src, resolve(dirname(join(src, entry.from)), entry.to))
const isLocal = (entry: Import) => entry.to.startsWith('.')
const show = (entry: Import) => `${entry.from} → ${entry.to}`

test('every folder of src is a room of the table', () => {
  const found = new Set(files.filter((file) => file.includes('/')).map(roomOf))
  expect([...found].filter((room) => !(room in rooms))).toEqual([])
})

test('a room imports only the rooms that the table allows it', () => {
  const wrong = imports.filter((entry) => {
    const from = roomOf(entry.from)
    if (!isLocal(entry) || !(from in rooms)) return false
    const to = roomOf(targetOf(entry))
    return to !== from && !rooms[from]?.includes(to)
  })
  expect(wrong.map(show)).toEqual([])
})

test('a room uses only the packages that the table allows it', () => {
  const wrong = imports.filter((entry) => {
    const from = roomOf(entry.from)
    if (isLocal(entry) || !(from in packages)) return false
    const builtin = builtinModules.includes(entry.to.replace(/^node:/, '').split('/')[0] ?? '')
    const name = builtin
      ? entry.to.split('/')[0]
      : entry.to
          .split('/')
          .slice(0, entry.to.startsWith('@') ? 2 : 1)
          .join('/')
    return !packages[from]?.includes(name ?? '')
  })
  expect(wrong.map(show)).toEqual([])
})

test('node-jose is used in one file, and node modules are named with node:', () => {
  expect([...new Set(imports.filter((entry) => entry.to === 'node-jose').map((entry) => entry.from))]).toEqual(['crypto/jose.ts'])
  expect(imports.filter((entry) => builtinModules.includes(entry.to)).map(show)).toEqual([])
})

test('pdfkit is used where statements are drawn, and nowhere else', () => {
  const users = imports.filter((entry) => entry.to === 'pdfkit').map((entry) => dirname(entry.from))
  expect([...new Set(users)]).toEqual(['formats/statement'])
})

test('src imports nothing from test, and nothing outside src but packages', () => {
  expect(imports.filter((entry) => isLocal(entry) && targetOf(entry).startsWith('..')).map(show)).toEqual([])
})

test('only main.ts imports the composition root, and nothing imports main.ts', () => {
  const wrong = imports.filter(
    (entry) =>
      isLocal(entry) && ['gateway.ts', 'main.ts'].includes(targetOf(entry)) && !/^(main|gateway|commands\/)/.test(entry.from),
  )
  expect(wrong.map(show)).toEqual([])
})

test('no import goes round in a circle', () => {
  const graph = new Map(
    files.map((file) => [file, imports.filter((entry) => entry.from === file && isLocal(entry)).map(targetOf)]),
  )
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(circles).toEqual([])
})

test('files are named for the thing inside, in kebab case, with no barrels and no buckets', () => {
  const named = /^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/
  const buckets = /(^|\/)(index|utils?|helpers?|common|types|misc)\.ts$/
  expect(files.filter((file) => !named.test(file) || buckets.test(file))).toEqual([])
})

test('no file grows past 400 lines', () => {
  expect(files.filter((file) => readFileSync(join(src, file), 'utf8').split('\n').length > 400)).toEqual([])
})

test('the environment is read where commands begin, and handed on', () => {
  expect(
    files.filter((file) => file !== 'main.ts' && roomOf(file) !== 'commands' && /\bprocess\s*\.\s*env\b/.test(codeOf(file))),
  ).toEqual([])
})

test('the domain reads no clock, no randomness and no I/O', () => {
  const impure = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bcrypto\.|\bfetch\(|\bprocess\./
  expect(files.filter((file) => roomOf(file) === 'domain' && impure.test(codeOf(file)))).toEqual([])
})

test('time is read in base/clock.ts and main.ts alone', () => {
  const allowed = ['base/clock.ts', 'main.ts']
  expect(files.filter((file) => !allowed.includes(file) && /\bDate\.now\(|\bnew Date\(\)/.test(codeOf(file)))).toEqual([])
})

test('no code path leads from a URL to a file: http and web import neither fs nor static-file middleware', () => {
  const wrong = imports.filter(
    (entry) => ['http', 'web'].includes(roomOf(entry.from)) && /(^node:fs|serve-static|sendfile)/i.test(entry.to),
  )
  expect(wrong.map(show)).toEqual([])
})

test('weak hashes are nowhere', () => {
  expect(files.filter((file) => /['"](md5|sha1|sha-1|rc4|des)['"]/i.test(codeOf(file)))).toEqual([])
})

/** The text without comments, so that prose may name what code may not. */
function codeOf(file: string): string {
  return readFileSync(join(src, file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '')
}

test('the image is built on the very Node that development and tests run', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const file of ['Dockerfile', 'compose/compose.demo.yaml', 'test/image/engine.ts']) {
    const named = [...readFileSync(join(root, file), 'utf8').matchAll(/\bnode:(\d[\w.]*)-trixie-slim/g)].map((match) => match[1])
    expect([file, [...new Set(named)]]).toEqual([file, [devDependencies.node]])
  }
})
