/** The image before it runs: its layers, its files, its user, its labels. */

import { writeSbom } from '../../compose/image/sbom.ts'
import { image } from './build.ts'
import { docker } from './engine.ts'
import { listImage, scanLayers, unwanted } from './image-facts.ts'
import type { Report } from './report.ts'

type ImageConfig = {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly Labels: Readonly<Record<string, string>>
  readonly StopSignal?: string
  readonly Healthcheck?: { readonly Test: readonly string[] }
}

const labels = [
  'created',
  'source',
  'revision',
  'version',
  'vendor',
  'licenses',
  'title',
  'description',
  'documentation',
  'base.name',
  'base.digest',
]

export function lookAtImage(report: Report, options: { folder: string; secrets: readonly string[] }): void {
  const config = JSON.parse(docker('image', 'inspect', '--format', '{{json .Config}}', image)) as ImageConfig
  const [user = ''] = config.User.split(':')
  report.check('it runs as a user of 10000 or above', Number(user) >= 10_000, config.User)
  report.check(
    'it ends by SIGTERM and has a health check without a shell',
    config.StopSignal === 'SIGTERM' && config.Healthcheck?.Test[0] === 'CMD',
  )
  report.check('SIGUSR1 opens no debugger', config.Entrypoint.includes('--disable-sigusr1'), config.Entrypoint)
  const missing = labels.filter((label) => !config.Labels[`org.opencontainers.image.${label}`])
  report.check('it carries every OCI label', missing.length === 0, missing)
  const files = [...listImage(image).keys()]
  const found = files.filter((file) => unwanted.some((pattern) => pattern.test(file)))
  report.check(
    'no shell, package manager or cache of one, no map, test or prose is in it',
    files.length > 500 && found.length === 0,
    found.slice(0, 10),
  )
  checkSbom(report, files)
  const scan = scanLayers(image, options.folder, options.secrets)
  report.check(
    'no secret, private key or stray file is in any layer',
    scan.files > 500 && scan.findings.length === 0,
    scan.findings.slice(0, 10),
  )
  report.figure('layers', `${scan.files} files read, ${scan.findings.length} findings`)
}

type Sbom = { readonly bomFormat: string; readonly components: readonly { readonly name: string; readonly type: string }[] }

/** What `npm run sbom` names is what lies in the image: no package more, none less. */
function checkSbom(report: Report, files: readonly string[]): void {
  const { bomFormat, components } = JSON.parse(writeSbom()) as Sbom
  const named = new Set(components.flatMap(({ name, type }) => (type === 'library' ? [name] : [])))
  const root = /^\/app\/(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/
  const held = new Set(files.flatMap((file) => root.exec(file)?.[1] ?? []))
  const differing = [...new Set([...named, ...held])].filter((name) => !named.has(name) || !held.has(name))
  const same = bomFormat === 'CycloneDX' && named.size > 20 && differing.length === 0
  report.check('the SBOM names exactly the packages of the image', same, differing)
  report.figure('SBOM', `${components.length} components, Node among them`)
}
