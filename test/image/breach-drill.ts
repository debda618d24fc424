/** The breach drill (F4): whoever has the image, the volumes with their WAL, dumps, configuration and logs finds no patient. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CaptureInput } from '../../src/domain/capture-fields.ts'
import { createDeepNeedleFinder } from '../support/needles.ts'
import { traitsOf } from '../support/patient-traits.ts'
import type { Appliance } from './appliance.ts'
import { image } from './build.ts'
import { docker, run } from './engine.ts'
import { outsideView } from './image-facts.ts'
import { allAccepted, captureWithRetry, fieldsFor, signedIn } from './main-job.ts'
import type { Report } from './report.ts'
import { allReady, one } from './single.ts'

const patients = 8
const services = ['gateway', 'worker', 'database', 'keystore'] as const
const stores = [
  ['database', 'passerelle'],
  ['keystore', 'passerelle_keys'],
] as const
const anchorFolder = '/var/lib/passerelle/anchors'
const dataFolder = '/var/lib/postgresql/data'

/** Name of what was looked through, and its bytes, one at a time: an image does not fit into memory twice. */
type Loot = { readonly name: string; read(): Buffer }

export async function drillBreach(report: Report, appliance: Appliance, folder: string): Promise<void> {
  appliance.compose('up', '--detach')
  await allReady(appliance)
  const captures = canaries()
  const browser = await signedIn(appliance)
  const ids: string[] = []
  for (const fields of captures) ids.push((await captureWithRetry(appliance.url, browser, fields)).id)
  await allAccepted(appliance, ids)
  const planted = `CANARI-${randomBytes(8).toString('hex').toUpperCase()}`
  const sql = appliance.openSql()
  try {
    // What would have been a leak: the search has to find it in the volume, and in a compressed dump.
    await sql`create table leak as select ${`${planted} `}::text || n || repeat(md5(n::text), 20) as note from generate_series(1, 500) n`
    await sql`checkpoint`
  } finally {
    await sql.end()
  }
  mkdirSync(folder, { recursive: true })
  const traits = traitsOf(captures)
  const find = createDeepNeedleFinder([...traits, planted])
  let bytes = 0
  const found: string[] = []
  const leaked: string[] = []
  const all = loot(appliance, folder)
  for (const { name, read } of all) {
    const taken = read()
    bytes += taken.length
    for (const needle of find(taken)) (needle === planted ? leaked : found).push(`${name}: ${needle.slice(0, 4)}…`)
  }
  rmSync(folder, { recursive: true, force: true })
  const cleaning = appliance.openSql()
  await cleaning`drop table leak`
  await cleaning.end()
  report.check(
    'patients were captured and sent before anything was taken',
    ids.length === patients && traits.length >= 4 * patients,
  )
  report.check(
    'no name, number, contact, lot or comment of theirs is in image, volumes, WAL, dumps, configuration or logs',
    all.length > 1000 && found.length === 0,
    found.slice(0, 10),
  )
  const leaks = (kind: string) => leaked.some((where) => where.startsWith(kind))
  report.check('a planted text is found in the volume and in the compressed dump', leaks('volume') && leaks('dump'), leaked)
  report.figure(
    'breach drill',
    `${traits.length} traits in ${all.length} files, ${Math.round(bytes / 1_000_000)} MB: ${found.length} found`,
  )
}

/** Names that nobody bears, since those of the demonstration stand in the comments of libraries, too. */
function canaries(): readonly CaptureInput[] {
  const letters = () =>
    randomBytes(12)
      .toString('hex')
      .replaceAll(/\d/g, (digit) => 'GHIJKLMNOP'[Number(digit)] ?? '')
      .toUpperCase()
  return fieldsFor(patients).map((fields) => {
    const firstName = letters()
    const email = `${letters().toLowerCase()}@example.org`
    return { ...fields, birthName: letters(), birthFirstName: firstName, birthFirstNames: firstName, email, comment: letters() }
  })
}

function loot(appliance: Appliance, folder: string): readonly Loot[] {
  const archive = join(folder, 'image.tar')
  docker('save', '--output', archive, image)
  const dumps = stores.map(([service, database]) => {
    const path = join(folder, `${database}.dump`)
    // As the README has it: bytes to standard output, into a file.
    run('sh', ['-c', `docker exec ${one(appliance, service)} pg_dump -U postgres -Fc ${database} > ${path}`])
    return fileOf('dump', path)
  })
  const volumes = stores.flatMap(([service]) => {
    const target = join(folder, service)
    docker('cp', `${one(appliance, service)}:${dataFolder}`, target)
    return filesOf('volume', target)
  })
  docker('cp', `${one(appliance, 'gateway')}:${anchorFolder}`, join(folder, 'anchors'))
  const told = services.map((service) => ({
    name: `log of ${service}`,
    read: () => Buffer.from(outsideView(one(appliance, service))),
  }))
  // Everything the operator mounts, but for the root keys: with those it would be no drill.
  const mounted = filesOf('configuration', appliance.folder).filter(({ name }) => !name.endsWith('root-keys.json'))
  return [fileOf('image', archive), ...dumps, ...volumes, ...filesOf('volume', join(folder, 'anchors')), ...told, ...mounted]
}

function filesOf(kind: string, folder: string): readonly Loot[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fileOf(kind, join(entry.parentPath, entry.name)))
}

function fileOf(kind: string, path: string): Loot {
  return { name: `${kind} ${path}`, read: () => readFileSync(path) }
}
