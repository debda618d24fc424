/** The appliance as a hoster sets it up: a folder with compose files, secrets of `setup`, a configuration, and simulators on the host. */
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { type PscSimulator, startPscSimulator } from '../simulators/pro-sante-connect/simulator.ts'
import { type SidepSimulator, startSidepSimulator } from '../simulators/sidep/simulator.ts'
import { freePort } from '../support/free-port.ts'
import { docker, type Engine, run } from './engine.ts'
import { runName } from './run-name.ts'

const root = resolve(import.meta.dirname, '../..')
export const project = `passerelle-image-test-${runName}`
const clientSecret = 'only-in-the-test-of-the-image-5b1f'

export type Appliance = {
  readonly folder: string
  readonly url: string
  readonly psc: PscSimulator
  readonly sidep: SidepSimulator
  /** Runs compose on the files of `kind`. */
  compose(...args: readonly string[]): string
  /** Which files compose reads from now on, and which image it starts. */
  use(files: readonly string[], image: string): void
  /** Ids of a service's containers, stopped ones included. */
  containers(service: string): readonly string[]
  /** Connects as superuser to the database container, from the host. */
  openSql(): postgres.Sql
  readonly secrets: readonly string[]
  close(): Promise<void>
}

export type ApplianceOptions = { readonly folder: string; readonly image: string; readonly scheme: 'http' | 'https' }

/** Writes everything and starts the simulators; starts no container. */
export async function prepareAppliance(engine: Engine, options: ApplianceOptions): Promise<Appliance> {
  const { folder, scheme } = options
  const port = await freePort()
  const url = `${scheme}://localhost:${port}`
  mkdirSync(folder, { recursive: true })
  copyComposeFiles(engine, folder)
  // As the README says it: the image itself makes secrets and configuration, with no network.
  const setup = ['run', '--rm', '-i', '--user', '0', '--network', 'none', '--volume', `${folder}:/out`, options.image]
  run('docker', [...setup, 'setup', '/out', '--client-secret-stdin'], { input: `${clientSecret}\n` })
  const address = hostAddress()
  const psc = await startPscSimulator({
    port: await freePort(),
    host: address,
    listenAddress: address,
    clientId: 'passerelle-image',
    clientSecret,
    redirectUris: [`${url}/connexion/retour`],
    postLogoutRedirectUris: [`${url}/`],
  })
  const sidep = await startSidepSimulator({ host: address })
  writeConfig(join(folder, 'config'), { url, issuer: psc.issuer, walletHost: psc.walletHost, sidepUrl: sidep.url })
  for (const volume of ['database', 'keystore', 'scratch']) ownVolume(engine, `${project}_${volume}`)
  let files: readonly string[] = []
  let image = options.image
  const env = () => ({
    APPLIANCE_FOLDER: folder,
    PASSERELLE_IMAGE: image,
    PASSERELLE_PROFILE: 'demo',
    POSTGRES_IMAGE: engine.images.postgres,
    DRILL_IMAGE: `${image}-drill`,
    CADDY_IMAGE: engine.images.caddy,
    GATEWAY_ADDRESS: `127.0.0.1:${port}`,
    PROXY_ADDRESS: `127.0.0.1:${port}`,
  })
  const [command, ...before] = engine.compose
  const compose = (...args: readonly string[]) => {
    const named = files.flatMap((file) => ['-f', join(folder, file)])
    return run(command, [...before, '-p', project, '--project-directory', folder, ...named, ...args], { env: env() }).stdout
  }
  const containers = (service: string) =>
    docker(
      'ps',
      '-aq',
      '--filter',
      `label=com.docker.compose.project=${project}`,
      '--filter',
      `label=com.docker.compose.service=${service}`,
    )
      .split('\n')
      .filter((id) => id !== '')
  return {
    folder,
    url,
    psc,
    sidep,
    compose,
    use: (named, which) => {
      files = named
      image = which
    },
    containers,
    openSql: () => {
      const [id = ''] = containers('database')
      const password = readFileSync(join(folder, 'secrets/database-superuser'), 'utf8').trim()
      return postgres(`postgres://postgres:${password}@${addressOf(id)}:5432/passerelle`, { max: 2, onnotice: () => undefined })
    },
    secrets: readSecrets(join(folder, 'secrets')),
    close: async () => {
      if (files.length > 0) compose('down', '--volumes', '--timeout', '5')
      await Promise.all([psc.close(), sidep.close()])
    },
  }
}

/** The host as containers see it: the first address of the engine's own bridge. */
export function hostAddress(): string {
  const [net] = JSON.parse(docker('network', 'inspect', 'bridge', '--format', '{{json .IPAM.Config}}')) as {
    Subnet: string
    Gateway?: string
  }[]
  return net?.Gateway ?? net?.Subnet.replace(/\.0\/\d+$/, '.1') ?? ''
}

/** The official image's folder belongs to PostgreSQL's user, and so does a new volume over it; the stand-in's does not. */
export function ownVolume(engine: Engine, volume: string): void {
  if (!engine.standIns.includes(engine.images.postgres)) return
  docker('volume', 'create', volume)
  docker('run', '--rm', '--user', '0', '--volume', `${volume}:/volume`, engine.images.postgres, 'chown', '999:999', '/volume')
}

/** As when they are copied to a server; the older compose knows no `name`. */
export function copyComposeFiles(engine: Engine, folder: string): void {
  for (const name of readdirSync(join(root, 'compose')).filter((one) => /\.yaml$|^Caddyfile$/.test(one))) {
    const text = readFileSync(join(root, 'compose', name), 'utf8')
    writeFileSync(join(folder, name), engine.olderCompose ? text.replace(/^name: .*$/m, '') : text)
    chmodSync(join(folder, name), 0o644)
  }
}

export type Peers = { readonly url: string; readonly issuer: string; readonly walletHost: string; readonly sidepUrl: string }

/** A configuration of the demonstration's pharmacies for these simulators. */
export function writeConfig(config: string, { url, issuer, walletHost, sidepUrl }: Peers): void {
  // The example's invented pharmacies give way to the simulators' ones.
  for (const name of readdirSync(config)) rmSync(join(config, name))
  for (const name of ['pharmacies.yaml', 'test-kits.yaml']) copyFileSync(join(root, 'test/demo/config', name), join(config, name))
  writeFileSync(
    join(config, 'gateway.yaml'),
    `publicUrl: ${url}
# Whoever speaks through the engine's bridges is the test itself, or Caddy.
trustedProxies: [172.16.0.0/12, 192.168.0.0/16, 10.0.0.0/8]
securityContacts: ["mailto:securite@exemple.test"]
signIn:
  issuer: ${issuer}
  clientId: passerelle-image
  allowedEndpointHosts: ["${new URL(issuer).host}", "${walletHost}"]
  insecureAllowHttp: true
worker: { leaseSeconds: 15, pollSeconds: 1 }
`,
  )
  writeFileSync(
    join(config, 'destinations.yaml'),
    `destinations:
  - id: sidep
    label: SI-DEP (simulateur)
    format: sidep-oru
    transport: { kind: https, url: "${sidepUrl}", timeoutMs: 5000, insecureAllowPlainHttp: true, privateNetworks: [172.16.0.0/12] }
    deduplicates: control-id
    retry: { baseMs: 300, capMs: 5000 }
    pharmacies: all
    billed: true
`,
  )
}

/** Every value that must stand in no layer, environment, argument or log. */
function readSecrets(folder: string): readonly string[] {
  const values = readdirSync(folder).flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8').trim()
    if (name === 'root-keys.json') return (JSON.parse(text) as { keys: { k: string }[] }).keys.map(({ k }) => k)
    if (name === 'signing-keys.json') return (JSON.parse(text) as { keys: { d: string }[] }).keys.map(({ d }) => d)
    if (name.endsWith('.pem')) return [text.split('\n')[1] ?? text]
    if (name.endsWith('-url')) return [new URL(text).password]
    if (name.endsWith('.sql')) return [...text.matchAll(/SCRAM-SHA-256\$\d+:[^']+/g)].map(([verifier]) => verifier)
    return [text]
  })
  return values.filter((value) => value.length >= 16)
}

export function addressOf(id: string): string {
  const networks = docker('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}', id).trim()
  const [first = ''] = networks.split(' ')
  return first
}

/** Waits for a condition; throws by name when it does not come. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain: ${what}`)
    await wait(25)
  }
}

/** Ready as the management port says it, asked from the host. */
export async function isReady(id: string): Promise<boolean> {
  const address = addressOf(id)
  if (address === '') return false
  const answer = await fetch(`http://${address}:9090/readyz`, { signal: AbortSignal.timeout(1000) }).catch(() => null)
  await answer?.body?.cancel()
  return answer?.status === 200
}

export function copyTree(names: readonly string[], target: string): void {
  for (const name of names) cpSync(join(root, name), join(target, name), { recursive: true })
}
