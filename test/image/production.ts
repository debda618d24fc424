/** The doctor on a demonstration, then on the same databases as a production in order; and between the two, a restore drill with PostgreSQL's own tools. */
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, closeSync, cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type Server } from 'node:https'
import { join, resolve } from 'node:path'
import { createAuthority } from '../destinations/certificates.ts'
import { type Appliance, hostAddress, until } from './appliance.ts'
import { image } from './build.ts'
import { docker, type Engine, run } from './engine.ts'
import { mainJob } from './main-job.ts'
import type { Report } from './report.ts'
import { allReady, one } from './single.ts'

const root = resolve(import.meta.dirname, '../..')
const drillImage = `${image}-drill`
const publicHost = 'passerelle.exemple.test'
const issuerHost = 'auth.esw.esante.gouv.fr'
const issuer = `https://${issuerHost}/auth/realms/esante-wallet`
const day = 86_400_000
/** What a demonstration lacks, and nothing else: in its hardened container, with a key store on a server of its own. */
const lackedByDemo = ['strong-sign-in', 'certified-host', 'no-stop-gap', 'production-profile', 'tls-grade', 'backup']

type Doctor = { readonly checks: readonly { id: string; verdict: 'pass' | 'warn' | 'fail'; evidence: string }[] }

export async function runProduction(report: Report, engine: Engine, appliance: Appliance): Promise<void> {
  // The older compose loses count of containers whose image changed twice.
  appliance.compose('down', '--timeout', '10')
  appliance.compose('up', '--detach')
  await allReady(appliance)
  await mainJob(appliance, 3)
  await until('everything is sealed', async () => (await waitingForSeal(appliance)) === 0)
  const demo = await askDoctor(appliance)
  const failed = idsOf(demo.doctor, 'fail')
  report.check(
    'the doctor fails on the demonstration exactly what a demonstration lacks',
    demo.status === 2 && [...failed].sort().join() === [...lackedByDemo].sort().join(),
    failed,
  )
  drillForReal(report, engine, appliance)
  const formerKey = (await inGateway(appliance, 'audit', 'public-key')).stdout.trim()
  const front = await openFront(appliance)
  try {
    goToProduction(appliance, { authority: front.authority, formerKey })
    await allReady(appliance)
    await until('everything is sealed', async () => (await waitingForSeal(appliance)) === 0)
    const { status, doctor } = await askDoctor(appliance)
    const others = doctor.checks.filter(({ verdict }) => verdict !== 'pass')
    report.check('the doctor passes on a production in order, with exit code 0', status === 0 && others.length === 0, {
      status,
      others,
    })
    report.figure(
      'doctor',
      `${doctor.checks.length} checks, ${failed.length} failed on the demonstration, ${others.length} on a production`,
    )
  } finally {
    front.server.close()
    front.server.closeAllConnections()
  }
}

/** While it runs, this process answers: the public door and the provider are its own. */
function inGateway(
  appliance: Appliance,
  ...args: readonly string[]
): Promise<{ status: number; stdout: string; stderr: string }> {
  const command = ['exec', one(appliance, 'gateway'), '/usr/local/bin/node', '/app/bin/passerelle/main.js', ...args]
  return new Promise((done) => {
    execFile('docker', command, { timeout: 120_000 }, (error, stdout, stderr) =>
      done({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    )
  })
}

async function askDoctor(appliance: Appliance): Promise<{ status: number; doctor: Doctor }> {
  const { status, stdout, stderr } = await inGateway(appliance, 'doctor', '--json')
  if (stdout === '') throw new Error(`the doctor said nothing: ${stderr.slice(0, 1000)}`)
  return { status, doctor: JSON.parse(stdout) as Doctor }
}

function idsOf({ checks }: Doctor, verdict: string): readonly string[] {
  return checks.filter((check) => check.verdict === verdict).map(({ id }) => id)
}

async function waitingForSeal(appliance: Appliance): Promise<number> {
  return (JSON.parse((await inGateway(appliance, 'audit', 'verify', '--json')).stdout) as { waiting: number }).waiting
}

/** As README.md says it: pg_dump in the databases' containers, the newest pair restored on a server of its own. */
function drillForReal(report: Report, engine: Engine, appliance: Appliance): void {
  const dumps = join(appliance.folder, 'dumps')
  mkdirSync(dumps)
  for (const [service, database, name] of [
    ['database', 'passerelle', 'data'],
    ['keystore', 'passerelle_keys', 'keystore'],
  ] as const) {
    const file = openSync(join(dumps, `${name}-${Date.now()}.dump`), 'wx', 0o644)
    const id = one(appliance, service)
    const bin = docker('exec', id, 'sh', '-c', 'command -v pg_dump || ls /usr/lib/postgresql/17/bin/pg_dump').trim()
    const ran = spawnSync('docker', ['exec', id, bin, '-U', 'postgres', '-Fc', database], { stdio: ['ignore', file, 'inherit'] })
    closeSync(file)
    if (ran.status !== 0) throw new Error(`pg_dump of ${database} ended with ${ran.status}`)
  }
  const args = ['--build-arg', `PRODUCT=${image}`, '--build-arg', `POSTGRES=${engine.images.postgres}`]
  run('docker', ['build', '--tag', drillImage, ...args, '-'], {
    input: readFileSync(join(root, 'compose/image/drill.Dockerfile'), 'utf8'),
  })
  const files = ['compose.yaml', 'compose.override.yaml', 'compose.drill.yaml']
  appliance.use(files, image)
  try {
    const said = appliance.compose('run', '--rm', '-T', 'drill')
    const [, opened = '', sampled = ''] = /^(\d+) of (\d+) sampled records opened/m.exec(said) ?? []
    report.check(
      'a dump of pg_dump is restored by pg_restore, opens, verifies, and is recorded',
      said.includes('the backup can be read again') && Number(opened) > 0 && opened === sampled,
      said,
    )
    report.figure('restore drill', `${opened} of ${sampled} sampled records opened`)
    appliance.compose('rm', '--stop', '--force', '-v', 'scratch')
  } finally {
    docker('rmi', '--force', drillImage)
  }
}

/** The public door with TLS, and the provider's discovery document, where the names of both lead to. */
async function openFront(appliance: Appliance): Promise<{ server: Server; authority: string }> {
  const authority = createAuthority()
  const names = [publicHost, issuerHost]
  const { cert, key } = authority.issue({ commonName: publicHost, dnsNames: names, until: new Date(Date.now() + 90 * day) })
  const inside = new URL(appliance.url)
  const server = createServer({ cert, key, minVersion: 'TLSv1.2' }, (asked, answer) => {
    if (asked.headers.host === issuerHost) {
      const endpoint = (name: string) => `${issuer}/protocol/openid-connect/${name}`
      const document = {
        issuer,
        authorization_endpoint: endpoint('auth'),
        token_endpoint: endpoint('token'),
        jwks_uri: endpoint('certs'),
      }
      answer.setHeader('content-type', 'application/json').end(JSON.stringify(document))
      return
    }
    const { hostname: host, port } = inside
    const onward = request({ host, port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers)
      got.pipe(answer)
    })
    onward.once('error', () => answer.destroy())
    asked.pipe(onward)
  })
  await new Promise<void>((done, refuse) => server.once('error', refuse).listen(443, hostAddress(), done))
  return { server, authority: authority.cert }
}

/** The example's configuration with what is real in a real house: an address, a certificate in date, a published format. */
function goToProduction(appliance: Appliance, { authority, formerKey }: { authority: string; formerKey: string }): void {
  const config = join(appliance.folder, 'config')
  cpSync(join(root, 'config/example'), config, { recursive: true })
  const validUntil = new Date(Date.now() + 365 * day).toISOString().slice(0, 10)
  const gateway = readFileSync(join(config, 'gateway.yaml'), 'utf8')
    .replace(/^publicUrl: .*$/m, `publicUrl: https://${publicHost}`)
    .replace(/^trustedProxies:\n.*$/m, 'trustedProxies: [172.16.0.0/12]')
    .replace(/certificateValidUntil: .*$/m, `certificateValidUntil: ${validUntil}`)
  // The address changes, and so the name under which the log is sealed.
  writeFileSync(join(config, 'gateway.yaml'), `${gateway}\nformerAuditKeys: ["${formerKey}"]\n`)
  writeFileSync(
    join(config, 'destinations.yaml'),
    `destinations:
  - id: sidep
    label: Plateforme régionale
    format: ans-oru-cda
    transport: { kind: https, url: "https://plateforme.region.example/oru" }
    country: FR
    pharmacies: all
    billed: false
`,
  )
  writeFileSync(join(appliance.folder, 'authority.pem'), authority)
  chmodSync(join(appliance.folder, 'authority.pem'), 0o644)
  const hosts = [publicHost, issuerHost].map((name) => `"${name}:${hostAddress()}"`).join(', ')
  writeFileSync(
    join(appliance.folder, 'compose.production.yaml'),
    `services:
  worker: { environment: { PASSERELLE_PROFILE: production } }
  gateway:
    environment: { PASSERELLE_PROFILE: production, NODE_EXTRA_CA_CERTS: /run/authority.pem }
    extra_hosts: [${hosts}]
    volumes: ["${appliance.folder}/authority.pem:/run/authority.pem:ro"]
`,
  )
  appliance.use(['compose.yaml', 'compose.override.yaml', 'compose.production.yaml'], image)
  appliance.compose('up', '--detach')
}
