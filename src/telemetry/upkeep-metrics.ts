/** Gauges of what needs looking after: breakers, keys and certificates that grow old, the seal of the audit log, backups. */
import { Gauge, type Registry } from 'prom-client'

export const breakerStates = ['closed', 'open', 'half-open'] as const

/** Ages in ms; null where there is nothing to be old: shown as NaN, which no alert takes for young. */
export type UpkeepReading = {
  readonly breakers: readonly {
    readonly destination: string
    readonly state: (typeof breakerStates)[number]
    readonly lastAcceptedAgeMs: number | null
  }[]
  readonly audit: { readonly unsealed: number; readonly unsealedAgeMs: number | null; readonly anchorAgeMs: number | null }
  readonly keys: { readonly rootAgeMs: number | null; readonly tenantAgeMs: number | null }
  /** `name`: a destination's id, or `hosting` for the host's own. */
  readonly certificates: readonly { readonly name: string; readonly leftMs: number }[]
  readonly backup: { readonly dumpAgeMs: number | null; readonly drillAgeMs: number | null }
}

export type UpkeepGauges = { refresh(read: () => Promise<UpkeepReading>): Promise<void> }

/** `knownNames` bounds the labels: destinations, and `hosting`. */
export function createUpkeepGauges(registry: Registry, knownNames: ReadonlySet<string>): UpkeepGauges {
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `passerelle_${name}`, help, labelNames: [...labelNames], registers: [registry] })
  const readable = gauge('upkeep_readable', '1 where this scrape could read the numbers below, else 0 and none of them.')
  const breaker = gauge('breaker_state', '1 for the state in which the breaker of a destination is.', ['destination', 'state'])
  const accepted = gauge('last_acknowledged_age_seconds', 'Since a destination last acknowledged anything.', ['destination'])
  const unsealed = gauge('audit_unsealed_events', 'Audit events that no signed checkpoint covers yet.')
  const unsealedAge = gauge('audit_unsealed_age_seconds', 'Age of the oldest of them.')
  const anchorAge = gauge('audit_anchor_age_seconds', 'Since a checkpoint of the audit log last left the database.')
  const keyAge = gauge('key_age_seconds', 'Age of the oldest key that wraps: of the root, of the tenants.', ['level'])
  const certificate = gauge('certificate_left_seconds', 'Until a certificate expires; the host’s HDS certificate is hosting.', [
    'name',
  ])
  const dump = gauge('backup_age_seconds', 'Age of the backup that was last restored in a drill.')
  const drill = gauge('restore_drill_age_seconds', 'Since a restore drill last passed.')
  const all = [breaker, accepted, certificate]
  const within = (name: string) => (knownNames.has(name) ? name : 'other')
  return {
    refresh: async (read) => {
      const reading = await read().catch(() => null)
      for (const one of all) one.reset()
      readable.set(reading === null ? 0 : 1)
      for (const { destination, state, lastAcceptedAgeMs } of reading?.breakers ?? []) {
        for (const name of breakerStates) breaker.set({ destination: within(destination), state: name }, name === state ? 1 : 0)
        accepted.set({ destination: within(destination) }, seconds(lastAcceptedAgeMs))
      }
      for (const { name, leftMs } of reading?.certificates ?? []) certificate.set({ name: within(name) }, seconds(leftMs))
      unsealed.set(reading?.audit.unsealed ?? Number.NaN)
      // Nothing waits to be sealed: that is young, not unknown.
      unsealedAge.set(reading ? (reading.audit.unsealedAgeMs ?? 0) / 1000 : Number.NaN)
      anchorAge.set(seconds(reading?.audit.anchorAgeMs ?? null))
      keyAge.set({ level: 'root' }, seconds(reading?.keys.rootAgeMs ?? null))
      keyAge.set({ level: 'tenant' }, seconds(reading?.keys.tenantAgeMs ?? null))
      dump.set(seconds(reading?.backup.dumpAgeMs ?? null))
      drill.set(seconds(reading?.backup.drillAgeMs ?? null))
    },
  }
}

function seconds(ms: number | null): number {
  return ms === null ? Number.NaN : ms / 1000
}
