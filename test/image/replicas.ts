/** Three gateways and three workers behind Caddy, under load, while one of each is killed: nothing fails, is lost or doubled. */
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { createAuthority } from '../destinations/certificates.ts'
import { type Appliance, prepareAppliance, until } from './appliance.ts'
import { image } from './build.ts'
import { docker, type Engine, has } from './engine.ts'
import { pidOf } from './image-facts.ts'
import { allAccepted, countDeclarations, mainJob, startLoad } from './main-job.ts'
import type { Report } from './report.ts'
import { allReady } from './single.ts'

const proxyUser = 10_002
const people = ['titulaire', 'titulaire-lyon', 'titulaire', 'titulaire-lyon', 'titulaire', 'titulaire-lyon']
const loadMs = 15_000

export async function runReplicas(report: Report, engine: Engine, folder: string): Promise<void> {
  if (!has(engine.images.caddy)) {
    report.say(`not run: replicas behind Caddy (${engine.images.caddy} can neither be pulled nor made here)`)
    return
  }
  const appliance = await prepareAppliance(engine, { folder, image, scheme: 'https' })
  try {
    giveCertificate(appliance)
    appliance.use(['compose.yaml', 'compose.replicas.yaml'], image)
    // The older compose reads `deploy.replicas` for swarms alone.
    const scale = engine.olderCompose ? ['--scale', 'gateway=3', '--scale', 'worker=3'] : []
    appliance.compose('up', '--detach', ...scale)
    const counts = ['gateway', 'worker'].map((service) => appliance.containers(service).length)
    report.check('three gateways and three workers run', counts.join() === '3,3', counts)
    await allReady(appliance)
    await until('Caddy answers', async () => (await fetch(`${appliance.url}/robots.txt`).catch(() => null))?.status === 200)
    const first = await mainJob(appliance, 4)
    report.check('the main job runs behind TLS', first.length === 4)
    await killUnderLoad(report, appliance)
  } finally {
    await appliance.close()
  }
}

function giveCertificate(appliance: Appliance): void {
  const authority = createAuthority()
  const { cert, key } = authority.issue()
  setDefaultCACertificates([...getCACertificates('default'), authority.cert])
  for (const [name, text] of [
    ['tls-certificate.pem', cert],
    ['tls-key.pem', key],
  ] as const) {
    const path = join(appliance.folder, 'secrets', name)
    writeFileSync(path, text, { mode: 0o400 })
    chownSync(path, proxyUser, proxyUser)
  }
}

async function killUnderLoad(report: Report, appliance: Appliance): Promise<void> {
  const before = appliance.sidep.screenings().size
  const load = await startLoad(appliance, people, 300)
  await wait(loadMs / 3)
  const killed = ['gateway', 'worker'].map((service) => {
    const [id = ''] = appliance.containers(service)
    // By the kernel, as when memory runs out: the engine sees a crash, and its restart policy acts.
    process.kill(pidOf(id), 'SIGKILL')
    return id
  })
  await wait((loadMs * 2) / 3)
  const { ids, retried, failed } = await load.stop()
  report.check('no capture failed after its client’s retries', failed.length === 0 && ids.length > 50, failed.slice(0, 3))
  await allAccepted(appliance, ids)
  const { accepted, declarations } = await countDeclarations(appliance, ids)
  const lost = ids.length - accepted
  const doubled = new Set(ids).size === ids.length ? declarations - ids.length : ids.length - new Set(ids).size
  const rows = await countScreenings(appliance)
  report.check('nothing was lost', lost === 0, { lost })
  report.check(
    'nothing was doubled, in the tables or at the nation',
    doubled === 0 && rows === ids.length + 4 && appliance.sidep.screenings().size - before === ids.length,
    {
      doubled,
      rows,
      nation: appliance.sidep.screenings().size - before,
      captured: ids.length,
    },
  )
  await allReady(appliance)
  const restarts = killed.map((id) => Number(docker('inspect', '--format', '{{.RestartCount}}', id)))
  report.check(
    'the killed ones came back by themselves',
    restarts.every((count) => count >= 1),
    restarts,
  )
  report.figure(
    'replicas under load',
    `${ids.length} captured, ${retried} of them after a retry, ${failed.length} failed, ${lost} lost, ${doubled} doubled`,
  )
}

async function countScreenings(appliance: Appliance): Promise<number> {
  const sql = appliance.openSql()
  try {
    const [row] = await sql<{ count: number }[]>`select count(distinct screening_id)::int as count from declarations`
    return row?.count ?? 0
  } finally {
    await sql.end()
  }
}
