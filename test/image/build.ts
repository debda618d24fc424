/** Builds the image from a copy of the tree in which canaries lie where secrets lie in real trees, and a second one with canaries inside. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { copyTree } from './appliance.ts'
import { docker, type Engine, run } from './engine.ts'
import { listImage } from './image-facts.ts'
import { runName } from './run-name.ts'

export const image = `passerelle:image-test-${runName}`
export const canaryImage = `${image}-canary`
export const canary = 'a-canary-that-no-image-serves-91c07d'
const root = resolve(import.meta.dirname, '../..')
const parts = [
  'package.json',
  'package-lock.json',
  'LICENSE',
  'Dockerfile',
  '.dockerignore',
  'src',
  'migrations',
  'config',
  'compose',
  'README.md',
]

/** What must not enter the image, however a tree comes to hold it. */
const strays = [
  '.git/HEAD',
  '.env',
  '.env.production',
  'dump.sql',
  'export.csv',
  'secrets/root-keys.json',
  'compose/secrets/root-keys.json',
  'compose/config/gateway.yaml',
  'config/gateway.yaml',
  'src/main.ts.map',
  'src/.env',
  'src/web/.git/HEAD',
  'migrations/nightly.dump',
  'migrations/schema.sql',
  'node_modules/hono/README.md',
  'test/demo/demo.ts',
]

/** Folders of the image in which a crawl must find nothing, and what is planted there. Not among the migrations: a stray SQL file there stops the start. */
export const canaryFolders = [
  '/',
  '/app',
  '/app/bin',
  '/app/bin/passerelle',
  '/app/config/example',
  '/etc/passerelle',
  '/etc',
  '/tmp',
  '/usr/local/bin',
]
export const canaryFiles = [
  '.git/HEAD',
  '.env',
  'dump.sql',
  'export.csv',
  'main.js.map',
  'style.css.map',
  'assets/secret.css',
  'index.html',
]

export type Built = { readonly megabytes: number; readonly nodeMegabytes: number; readonly seconds: number }

export function buildImages(engine: Engine, context: string): Built {
  const startedAt = Date.now()
  build(engine, context)
  const bytes = Number(docker('image', 'inspect', '--format', '{{.Size}}', image))
  const node = listImage(image).get('/usr/local/bin/node') ?? 0
  const megabytes = (count: number) => Math.round(count / 1_000_000)
  return { megabytes: megabytes(bytes), nodeMegabytes: megabytes(node), seconds: Math.round((Date.now() - startedAt) / 1000) }
}

function build(engine: Engine, context: string): void {
  copyTree(parts, context)
  for (const stray of strays) {
    mkdirSync(dirname(join(context, stray)), { recursive: true })
    writeFileSync(join(context, stray), canary)
  }
  const revision = existsSync(join(root, '.git')) ? run('git', ['rev-parse', 'HEAD'], { cwd: root }).stdout.trim() : 'unknown'
  const args = ['--build-arg', `NODE_IMAGE=${engine.images.node}`, '--build-arg', `REVISION=${revision}`]
  run('docker', ['build', '--tag', image, ...args, context], { timeoutMs: 400_000 })
  const planted = join(context, 'planted')
  for (const folder of canaryFolders)
    for (const file of canaryFiles) {
      mkdirSync(dirname(join(planted, folder, file)), { recursive: true })
      writeFileSync(join(planted, folder, file), canary)
    }
  writeFileSync(join(planted, 'Dockerfile'), `FROM ${image}\nCOPY . /\n`)
  run('docker', ['build', '--tag', canaryImage, planted])
}
