/** The demonstration's folder: secrets made once, configuration written anew for the ports of this run. */
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateCheckpointKey } from '../../src/crypto/checkpoint.ts'
import { generateRootKeys } from '../../src/crypto/root-jwks.ts'
import { generateSigningKeys } from '../../src/crypto/signing.ts'

export type DemoPorts = {
  readonly gateway: number
  readonly psc: number
  readonly sidep: number
  readonly managementGateway: number
  readonly managementWorker: number
}

export type DemoFolder = {
  readonly path: string
  readonly configDir: string
  readonly rolePassword: string
  readonly pscClientSecret: string
  /** Writes a secret where only this user reads it, and answers its path. */
  writeSecret(name: string, text: string): string
}

export function openDemoFolder(path: string): DemoFolder {
  for (const part of ['', 'secrets', 'config', 'logs']) mkdirSync(join(path, part), { recursive: true, mode: 0o755 })
  const secretPath = (name: string) => join(path, 'secrets', name)
  const writeSecret = (name: string, text: string): string => {
    writeFileSync(secretPath(name), `${text}\n`, { mode: 0o600 })
    return secretPath(name)
  }
  const keepSecret = (name: string, make: () => string): string => {
    if (!existsSync(secretPath(name))) writeSecret(name, make())
    return readFileSync(secretPath(name), 'utf8').trim()
  }
  keepSecret('audit-key.pem', () => generateCheckpointKey().trim())
  keepSecret('signing-keys.json', () => generateSigningKeys(new Date(), randomBytes(3).toString('hex')).trim())
  keepSecret('root-keys.json', () => generateRootKeys(new Date()).trim())
  return {
    path,
    configDir: join(path, 'config'),
    rolePassword: keepSecret('role-password', () => randomBytes(24).toString('base64url')),
    pscClientSecret: keepSecret('psc-client-secret', () => randomBytes(24).toString('base64url')),
    writeSecret,
  }
}

export const demoClientId = 'passerelle-demo'

/** Writes `gateway.yaml` and `destinations.yaml` for these ports, and copies the catalogue and the pharmacies. */
export function writeDemoConfig(folder: DemoFolder, ports: DemoPorts, options: DemoConfigOptions = {}): void {
  const source = join(import.meta.dirname, 'config')
  for (const name of ['pharmacies.yaml', 'test-kits.yaml', 'tariff.yaml'])
    copyFileSync(join(source, name), join(folder.configDir, name))
  const worker = { leaseSeconds: 15, pollSeconds: 1, ...options.worker }
  writeFileSync(
    join(folder.configDir, 'gateway.yaml'),
    `publicUrl: http://localhost:${ports.gateway}
securityContacts: ["mailto:securite@exemple.test"]
signIn:
  issuer: http://localhost:${ports.psc}/auth/realms/esante-wallet
  clientId: ${demoClientId}
  allowedEndpointHosts: ["localhost:${ports.psc}", "127.0.0.1:${ports.psc}"]
  insecureAllowHttp: true
worker:
  leaseSeconds: ${worker.leaseSeconds}
  pollSeconds: ${worker.pollSeconds}
${options.screeningsPerPharmacy === undefined ? '' : `duplicateSearch: { screeningsPerPharmacy: ${options.screeningsPerPharmacy} }\n`}${options.tracesUrl === undefined ? '' : tracingOf(options.tracesUrl)}`,
  )
  writeFileSync(
    join(folder.configDir, 'destinations.yaml'),
    `destinations:
  - id: sidep
    label: SI-DEP (simulateur)
    format: sidep-oru
    transport:
      kind: https
      url: http://localhost:${ports.sidep}/oru
      timeoutMs: ${options.timeoutMs ?? 5000}
      insecureAllowPlainHttp: true
      privateNetworks: ["127.0.0.0/8", "::1"]
    deduplicates: ${options.deduplicates ?? 'control-id'}
    retry: { baseMs: 500, capMs: 30000 }
    pharmacies: all
    billed: true
${options.moreDestinations ?? ''}`,
  )
}

const tracingOf = (url: string) =>
  `tracing: { url: "${url}", samplePercent: 100, insecureAllowPlainHttp: true, privateNetworks: [127.0.0.0/8] }\n`

export type DemoConfigOptions = {
  readonly deduplicates?: 'control-id' | 'none'
  readonly timeoutMs?: number
  /** Where spans go; left out, there are none. */
  readonly tracesUrl?: string
  /** As `duplicateSearch` declares it; left out, the default. */
  readonly screeningsPerPharmacy?: number
  /** Further items of the list in `destinations.yaml`. */
  readonly moreDestinations?: string
  readonly worker?: { readonly leaseSeconds?: number; readonly pollSeconds?: number }
}
