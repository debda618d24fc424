/** The whole product on one machine: PostgreSQL, both simulators, gateway and worker, each the real thing. */
import { join } from 'node:path'
import postgres from 'postgres'
import { createClosers } from '../../src/base/closers.ts'
import { type PscSimulator, startPscSimulator } from '../simulators/pro-sante-connect/simulator.ts'
import { type SidepSimulator, startSidepSimulator } from '../simulators/sidep/simulator.ts'
import { createRoles } from '../support/database.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'
import {
  type DemoConfigOptions,
  type DemoFolder,
  type DemoPorts,
  demoClientId,
  openDemoFolder,
  writeDemoConfig,
} from './folder.ts'
import { type GatewayProcess, runCommand, startProcess, untilReady } from './processes.ts'

export type Stack = {
  readonly folder: DemoFolder
  readonly ports: DemoPorts
  readonly url: string
  readonly postgres: PostgresServer
  readonly psc: PscSimulator
  readonly sidep: SidepSimulator
  readonly gateway: GatewayProcess
  readonly worker: GatewayProcess
  /** Environment of the product's processes; `startWorker` and others build on it. */
  readonly env: NodeJS.ProcessEnv
  readonly superUrl: string
  /** Starts the gateway again, after it was stopped or killed. */
  startGateway(): Promise<GatewayProcess>
  startWorker(name: string, managementPort: number): Promise<GatewayProcess>
  close(): Promise<void>
}

export type StackOptions = DemoConfigOptions & {
  readonly folder: string
  readonly ports: DemoPorts
  readonly onStep?: (step: string) => void
}

const databases = { main: 'passerelle', keystore: 'passerelle_keys' } as const

export async function startStack(options: StackOptions): Promise<Stack> {
  const { ports, onStep = () => undefined } = options
  const closers = createClosers()
  try {
    const folder = openDemoFolder(options.folder)
    writeDemoConfig(folder, ports, options)
    onStep('PostgreSQL')
    const server = await startPostgresServer({ folder: join(folder.path, 'postgres') })
    closers.push('PostgreSQL', () => server.stop())
    await createDatabases(server, folder)
    const env = environment(folder, server, ports)
    onStep('Pro Santé Connect simulator')
    const url = `http://localhost:${ports.gateway}`
    const psc = await startPscSimulator({
      port: ports.psc,
      clientId: demoClientId,
      clientSecret: folder.pscClientSecret,
      redirectUris: [`${url}/connexion/retour`],
      postLogoutRedirectUris: [`${url}/`],
    })
    closers.push('Pro Santé Connect simulator', () => psc.close())
    onStep('SI-DEP simulator')
    const sidep = await startSidepSimulator({
      port: ports.sidep,
      host: '127.0.0.1',
      journalFile: join(folder.path, 'sidep-journal.jsonl'),
    })
    closers.push('SI-DEP simulator', () => sidep.close())
    const logFolder = join(folder.path, 'logs')
    onStep('migrations')
    await runCommand(['migrate'], { name: 'migrate', env, logFolder })
    onStep('gateway and worker')
    const startGateway = async () => {
      const gateway = startProcess(['serve'], { name: 'gateway', env, logFolder })
      closers.push('gateway', () => gateway.stop())
      await untilReady(gateway, `http://127.0.0.1:${ports.managementGateway}/readyz`)
      return gateway
    }
    const startWorker = async (name: string, managementPort: number) => {
      const worker = startProcess(['work'], { name, env: { ...env, MANAGEMENT_PORT: String(managementPort) }, logFolder })
      closers.push(name, () => worker.stop())
      await untilReady(worker, `http://127.0.0.1:${managementPort}/readyz`)
      return worker
    }
    const [gateway, worker] = await Promise.all([startGateway(), startWorker('worker', ports.managementWorker)])
    const superUrl = server.superUrl(databases.main)
    return {
      folder,
      ports,
      url,
      postgres: server,
      psc,
      sidep,
      gateway,
      worker,
      env,
      superUrl,
      startGateway,
      startWorker,
      close: () => closers.closeAll(),
    }
  } catch (cause) {
    await closers.closeAll().catch(() => undefined)
    throw cause
  }
}

/** As a hoster prepares them: two databases, each with an owner that migrates and a role that the product logs in with. */
async function createDatabases(server: PostgresServer, folder: DemoFolder): Promise<void> {
  await createRoles(server.superUrl('postgres'), folder.rolePassword)
  const sql = postgres(server.superUrl('postgres'), { max: 1, onnotice: () => undefined })
  for (const [database, owner] of [
    [databases.main, 'passerelle_owner'],
    [databases.keystore, 'keystore_owner'],
  ] as const) {
    const [found] = await sql`select 1 from pg_database where datname = ${database}`
    if (!found) await sql.unsafe(`create database ${database} owner ${owner}`)
  }
  await sql.end()
}

function environment(folder: DemoFolder, server: PostgresServer, ports: DemoPorts): NodeJS.ProcessEnv {
  const url = (role: string, database: string) => `postgres://${role}:${folder.rolePassword}@127.0.0.1:${server.port}/${database}`
  const secret = (name: string, text: string) => folder.writeSecret(name, text)
  return {
    PATH: process.env.PATH,
    PASSERELLE_PROFILE: 'demo',
    PASSERELLE_CONFIG_DIR: folder.configDir,
    HOST: '127.0.0.1',
    PORT: String(ports.gateway),
    MANAGEMENT_PORT: String(ports.managementGateway),
    DATABASE_URL_FILE: secret('database-url', url('passerelle_app', databases.main)),
    DATABASE_OWNER_URL_FILE: secret('database-owner-url', url('passerelle_owner', databases.main)),
    KEYSTORE_DATABASE_URL_FILE: secret('keystore-url', url('keystore_app', databases.keystore)),
    KEYSTORE_OWNER_URL_FILE: secret('keystore-owner-url', url('keystore_owner', databases.keystore)),
    ROOT_KEYS_FILE: join(folder.path, 'secrets', 'root-keys.json'),
    AUDIT_KEY_FILE: join(folder.path, 'secrets', 'audit-key.pem'),
    SIGNING_KEYS_FILE: join(folder.path, 'secrets', 'signing-keys.json'),
    AUDIT_ANCHOR_FILE: join(folder.path, 'logs', 'audit-anchors'),
    PSC_CLIENT_SECRET_FILE: join(folder.path, 'secrets', 'psc-client-secret'),
  }
}
