/** `npm run --silent sbom`: CycloneDX of what the image holds: every package that is not for development alone, and Node itself. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

type Component = {
  readonly 'bom-ref': string
}
type Bom = {
  readonly metadata: { readonly component: Component & { name: string; type: string } }
  components: Component[]
  dependencies: { readonly ref: string; dependsOn?: string[] }[]
}
type Lock = {
  readonly packages: Readonly<
    Record<
      string,
      { readonly version?: string; readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }
    >
  >
}

const root = resolve(import.meta.dirname, '../..')
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'))

/**
 * npm is asked for everything, and the lock file for what is left out in a production install: asked to omit development
 * packages, npm omits too what a production package shares with one of them.
 */
export function writeSbom(): string {
  const npm = process.env['npm_execpath']
  const [command, before] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  const ran = spawnSync(command, [...before, 'sbom', '--sbom-format', 'cyclonedx'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (ran.status !== 0) throw new Error(`npm sbom ended with ${ran.status}: ${ran.stderr.slice(-1000)}`)
  const bom = JSON.parse(ran.stdout) as Bom
  const { packages } = read('package-lock.json') as Lock
  const shippedRefs = new Set(
    Object.entries(packages).flatMap(([path, { version, dev, optional, devOptional }]) =>
      dev || optional || devOptional ? [] : [`${path.replace(/^.*node_modules\//, '')}@${version}`],
    ),
  )
  const shipped = (component: Component) => shippedRefs.has(component['bom-ref'])
  bom.components = bom.components.filter(shipped)
  const { name, devDependencies } = read('package.json')
  // npm takes the folder's name for the product's.
  Object.assign(bom.metadata.component, { name, type: 'application' })
  const refs = new Set([bom.metadata.component['bom-ref'], ...bom.components.map((component) => component['bom-ref'])])
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map((entry) => ({ ...entry, dependsOn: (entry.dependsOn ?? []).filter((ref) => refs.has(ref)) }))
  const node = {
    'bom-ref': `node@${devDependencies.node}`,
    type: 'platform',
    name: 'node',
    version: devDependencies.node,
    purl: `pkg:generic/node@${devDependencies.node}`,
    licenses: [{ license: { id: 'MIT' } }],
  }
  bom.components.push(node)
  return JSON.stringify(bom, null, 2)
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`${writeSbom()}\n`)
