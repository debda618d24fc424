/** Reads what needs looking after from both databases and from files: for metrics at each scrape, and for `doctor`. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import type { Config } from '../config/config.ts'
import type { DestinationSettings } from '../domain/destination-settings.ts'
import { readSealingState } from '../storage/audit-log.ts'
import { findLastDrill } from '../storage/backup-drills.ts'
import type { Database } from '../storage/database.ts'
import { listControls } from '../storage/destination-controls.ts'
import type { KeyAges } from '../storage/key-ages.ts'
import type { UpkeepReading } from '../telemetry/upkeep-metrics.ts'

export type UpkeepDeps = {
  readonly database: Database
  readonly readKeyAges: () => Promise<KeyAges>
  readonly clock: Clock
  readonly config: Pick<Config, 'destinations' | 'hosting' | 'auditAnchorFile'>
}

export async function readUpkeep({ database, readKeyAges, clock, config }: UpkeepDeps): Promise<UpkeepReading> {
  const now = clock.now()
  const { controls, sealing, drill } = await database.forWorker(async (tx) => ({
    controls: await listControls(tx),
    sealing: await readSealingState(tx),
    drill: await findLastDrill(tx),
  }))
  const { tenantAgeMs, roots } = await readKeyAges()
  return {
    breakers: controls.map(({ destination, breaker, lastAcceptedAtMs, nowMs }) => ({
      destination,
      state: breaker,
      lastAcceptedAgeMs: lastAcceptedAtMs === null ? null : nowMs - lastAcceptedAtMs,
    })),
    audit: {
      unsealed: sealing.unsealed,
      unsealedAgeMs: sealing.oldestUnsealedAgeMs,
      anchorAgeMs: anchorAge(config.auditAnchorFile, now),
    },
    keys: { rootAgeMs: oldestRootAge(roots, now), tenantAgeMs },
    certificates: listCertificates(config, now),
    backup: { dumpAgeMs: drill?.dumpAgeMs ?? null, drillAgeMs: drill?.passedAgeMs ?? null },
  }
}

/**
 * Of the oldest root key that still wraps something: from the key store, not from the service that holds it, which would be
 * asked over the network at each scrape.
 */
function oldestRootAge(roots: KeyAges['roots'], now: Date): number | null {
  const ages = roots.filter(({ tenantKeys }) => tenantKeys > 0).flatMap(({ kid }) => ageOfKid(kid, now) ?? [])
  return ages.length === 0 ? null : Math.max(...ages)
}

/** `root-2026-03-01-9f3a1c`, as `keys new-root-keys` and `add-root` name them; null where a house names its keys otherwise. */
function ageOfKid(kid: string, now: Date): number | null {
  const day = /\b(\d{4}-\d{2}-\d{2})\b/.exec(kid)?.[1]
  const made = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`)
  return Number.isNaN(made) ? null : Math.max(0, now.getTime() - made)
}

function anchorAge(path: string | null, now: Date): number | null {
  const written = path === null ? undefined : statSync(path, { throwIfNoEntry: false })
  return written === undefined ? null : Math.max(0, now.getTime() - written.mtimeMs)
}

function listCertificates({ destinations, hosting }: UpkeepDeps['config'], now: Date): UpkeepReading['certificates'] {
  const own = destinations.flatMap((destination) =>
    certificateFilesOf(destination).map((path) => ({ name: destination.id, leftMs: certificateEnd(path) - now.getTime() })),
  )
  if (!hosting) return own
  // Valid through its last day.
  const ends = Date.parse(`${hosting.certificateValidUntil}T00:00:00Z`) + 86_400_000
  return [...own, { name: 'hosting', leftMs: ends - now.getTime() }]
}

function certificateFilesOf({ transport }: DestinationSettings): readonly string[] {
  if (!('clientCertificateFile' in transport)) return []
  return transport.clientCertificateFile === null ? [] : [transport.clientCertificateFile]
}

/** The end of the first certificate of a PEM file, ms; one that cannot be read has ended. */
function certificateEnd(path: string): number {
  try {
    return new X509Certificate(readFileSync(path)).validToDate.getTime()
  } catch {
    return 0
  }
}
