/** Everything that a fault run breaks and mends: own PostgreSQL, two receivers, sign-in, gateways, workers, and the front door. */
import { join } from 'node:path'
import postgres from 'postgres'
import { createClosers } from '../../src/base/closers.ts'
import { type DemoFolder, demoClientId, openDemoFolder } from '../demo/folder.ts'
import { startPscSimulator } from '../simulators/pro-sante-connect/simulator.ts'
import { type SidepSimulator, startSidepSimulator } from '../simulators/sidep/simulator.ts'
import { createRoles } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { type Ambush, createAmbush } from './ambush.ts'
import { writeFaultConfig } from './config.ts'
import { type FaultDatabase, openFaultDatabase } from './database.ts'
import { type FrontDoor, openFrontDoor } from './front-door.ts'
import { type FaultPharmacy, inventPharmacies } from './pharmacies.ts'
import type { Side } from './plan.ts'
import { runToEnd, type Supervised, startWatchman, supervise, warmUp } from './processes.ts'
import { copyProduct, type Product } from './product.ts'

export type Receivers = Readonly<Record<Side, SidepSimulator>>

export type House = {
  readonly url: string
  readonly product: Product
  readonly pharmacies: readonly FaultPharmacy[]
  readonly database: FaultDatabase
  readonly gateways: readonly Supervised[]
  readonly workers: readonly Supervised[]
  readonly frontDoor: FrontDoor
  readonly ambushes: Readonly<Record<Side, Ambush>>
  receivers(): Receivers
  /** Receivers that know of nothing: what the ones before took is forgotten. */
  renewReceivers(): Promise<void>
  /** `keep`: what the database held stays in the folder. */
  close(options?: { readonly keep: boolean }): Promise<void>
}

export type HouseOptions = {
  readonly folder: string
  /** The tree whose `src` and `migrations` run. */
  readonly tree: string
  readonly bundle: boolean
  readonly gateways: number
  readonly workers: number
  readonly pharmacies: number
}

const databases = { main: 'passerelle', keystore: 'passerelle_keys' } as const
const hugeBytes = 2 ** 30

export async function openHouse(options: HouseOptions): Promise<House> {
  const closers = createClosers()
  try {
    return await open(options, closers)
  } catch (cause) {
    await closers.closeAll().catch(() => undefined)
    throw cause
  }
}

async function open(options: HouseOptions, closers: ReturnType<typeof createClosers>): Promise<House> {
  const folder = openDemoFolder(options.folder)
  startWatchman(folder.path)
  const product = await copyProduct(folder.path, options)
  const database = await openFaultDatabase(folder.path, databases.main)
  let keep = false
  closers.push('PostgreSQL', () => database.close(keep ? join(folder.path, 'postgres-kept') : undefined))
  await createDatabases(database, folder)
  const pharmacies = inventPharmacies(options.pharmacies)
  const publicPort = await freePort()
  const url = `http://localhost:${publicPort}`
  const psc = await startPscSimulator({
    port: await freePort(),
    clientId: demoClientId,
    clientSecret: folder.pscClientSecret,
    redirectUris: [`${url}/connexion/retour`],
    postLogoutRedirectUris: [`${url}/`],
    people: pharmacies.map(({ person }) => person),
  })
  closers.push('Pro Santé Connect simulator', () => psc.close())
  const receiverPorts = { promising: await freePort(), promiseless: await freePort() }
  const ambushes = { promising: createAmbush(), promiseless: createAmbush() }
  const startReceiver = (side: Side) =>
    startSidepSimulator({
      port: receiverPorts[side],
      deduplicates: side === 'promising',
      onMoment: ambushes[side].onMoment,
      hugeBytes,
    })
  const startReceivers = async (): Promise<Receivers> => ({
    promising: await startReceiver('promising'),
    promiseless: await startReceiver('promiseless'),
  })
  let receivers = await startReceivers()
  const closeReceivers = () => Promise.all([receivers.promising.close(), receivers.promiseless.close()])
  closers.push('receivers', closeReceivers)
  writeFaultConfig(folder.configDir, { publicPort, pscPort: Number(new URL(psc.issuer).port), receiverPorts, pharmacies })
  const env = environment(folder, database.port)
  await runToEnd([product.main, 'migrate'], { env, log: join(folder.path, 'logs', 'migrate.log') })
  const prepare = async (command: 'serve' | 'work', clockTurns: boolean) => {
    const [port, managementPort] = [await freePort(), await freePort()]
    const args = [...(clockTurns ? ['--import', product.shiftClock] : []), product.main, command]
    return { port, args, env: { ...env, PORT: String(port), MANAGEMENT_PORT: String(managementPort) }, managementPort }
  }
  for (const command of ['serve', 'work'] as const) {
    const { args, env, managementPort } = await prepare(command, command === 'work')
    await warmUp(args, { env, port: managementPort, log: join(folder.path, 'logs', 'warm-up.log') })
  }
  const start = async (command: 'serve' | 'work', name: string, clockTurns: boolean) => {
    const { port, args, env, managementPort } = await prepare(command, clockTurns)
    const started = supervise({ name, args, env, port: managementPort, folder: folder.path })
    closers.push(name, () => started.close())
    return { port, started }
  }
  const gateways: { port: number; started: Supervised }[] = []
  for (let index = 0; index < options.gateways; index++) gateways.push(await start('serve', `gateway-${index}`, false))
  const workers: Supervised[] = []
  // The first worker is the one whose clock goes wrong.
  for (let index = 0; index < options.workers; index++)
    workers.push((await start('work', `worker-${index}`, index === 0)).started)
  const frontDoor = await openFrontDoor({ port: publicPort, gatewayPorts: gateways.map(({ port }) => port) })
  closers.push('front door', () => frontDoor.close())
  return {
    url,
    product,
    pharmacies,
    database,
    gateways: gateways.map(({ started }) => started),
    workers,
    frontDoor,
    ambushes,
    receivers: () => receivers,
    renewReceivers: async () => {
      await closeReceivers()
      receivers = await startReceivers()
    },
    close: (how) => {
      keep = how?.keep ?? false
      return closers.closeAll()
    },
  }
}

/** As a hoster prepares them: two databases, each with an owner that migrates and a role that the product logs in with. */
async function createDatabases(database: FaultDatabase, folder: DemoFolder): Promise<void> {
  await createRoles(database.superUrl('postgres'), folder.rolePassword)
  const sql = postgres(database.superUrl('postgres'), { max: 1, onnotice: () => undefined })
  await sql.unsafe(`create database ${databases.main} owner passerelle_owner`)
  await sql.unsafe(`create database ${databases.keystore} owner keystore_owner`)
  await sql.end()
}

function environment(folder: DemoFolder, port: number): NodeJS.ProcessEnv {
  const secret = (name: string, role: string, database: string) =>
    folder.writeSecret(name, `postgres://${role}:${folder.rolePassword}@127.0.0.1:${port}/${database}`)
  return {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: join(folder.path, 'compile-cache'),
    PASSERELLE_PROFILE: 'demo',
    PASSERELLE_CONFIG_DIR: folder.configDir,
    LOG_LEVEL: 'error',
    HOST: '127.0.0.1',
    DATABASE_URL_FILE: secret('database-url', 'passerelle_app', databases.main),
    DATABASE_OWNER_URL_FILE: secret('database-owner-url', 'passerelle_owner', databases.main),
    KEYSTORE_DATABASE_URL_FILE: secret('keystore-url', 'keystore_app', databases.keystore),
    KEYSTORE_OWNER_URL_FILE: secret('keystore-owner-url', 'keystore_owner', databases.keystore),
    ROOT_KEYS_FILE: join(folder.path, 'secrets', 'root-keys.json'),
    PSC_CLIENT_SECRET_FILE: join(folder.path, 'secrets', 'psc-client-secret'),
  }
}
