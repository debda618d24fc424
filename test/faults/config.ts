/** Configuration of a fault run: leases, pauses and retries as short as the schemas allow, and limits that hinder no fault. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { demoClientId } from '../demo/folder.ts'
import type { FaultPharmacy } from './pharmacies.ts'
import type { Side } from './plan.ts'

export const destinationOf: Record<Side, string> = { promising: 'promettant', promiseless: 'sans-promesse' }

export type FaultConfig = {
  readonly publicPort: number
  readonly pscPort: number
  readonly receiverPorts: Readonly<Record<Side, number>>
  readonly pharmacies: readonly FaultPharmacy[]
}

export function writeFaultConfig(folder: string, { publicPort, pscPort, receiverPorts, pharmacies }: FaultConfig): void {
  copyFileSync(join(import.meta.dirname, '../demo/config/test-kits.yaml'), join(folder, 'test-kits.yaml'))
  const write = (name: string, value: unknown) => writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`)
  write('gateway.yaml', {
    publicUrl: `http://localhost:${publicPort}`,
    securityContacts: ['mailto:securite@exemple.test'],
    signIn: {
      issuer: `http://localhost:${pscPort}/auth/realms/esante-wallet`,
      clientId: demoClientId,
      allowedEndpointHosts: [`localhost:${pscPort}`, `127.0.0.1:${pscPort}`],
      insecureAllowHttp: true,
    },
    sessions: { idleMinutes: 30, absoluteMinutes: 240 },
    worker: { leaseSeconds: 15, pollSeconds: 1, batchSize: 8 },
  })
  write('pharmacies.yaml', {
    pharmacies: pharmacies.map(({ finess, name }) => ({
      finess,
      name,
      addressLine: '1 rue des Pannes',
      postalCode: '75001',
      city: 'PARIS',
      phone: '01 00 00 00 01',
    })),
  })
  const destination = (side: Side) => ({
    id: destinationOf[side],
    label: `SI-DEP (simulateur ${destinationOf[side]})`,
    format: 'sidep-oru',
    transport: {
      kind: 'https',
      url: `http://localhost:${receiverPorts[side]}/oru`,
      timeoutMs: 1_000,
      privateNetworks: ['127.0.0.0/8', '::1'],
      insecureAllowPlainHttp: true,
    },
    deduplicates: side === 'promising' ? 'control-id' : 'none',
    // What the dead had been granted is free when their lease is over: enough for many dead at once.
    concurrencyMax: 64,
    retry: { baseMs: 100, capMs: 1_000, attemptsMax: 1_000 },
    breaker: { failuresMax: 10, holdMs: 1_000, holdCapMs: 2_000 },
    pace: { perSecondMax: 1_000, rampFromPerSecond: 50, rampMs: 2_000 },
    pharmacies: 'all',
    billed: true,
  })
  // YAML reads JSON.
  write('destinations.yaml', { destinations: [destination('promising'), destination('promiseless')] })
}
