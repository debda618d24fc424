/** A restore drill: judges two restored databases as a reader would, and never touches the live ones but to record what it found. */
import { verifyLog } from '../audit/verify-log.ts'
import { openColumn } from '../crypto/envelope.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { Sealed } from '../crypto/sealed.ts'
import { countTables, type SampledVersion, sampleVersions } from '../storage/backup-drills.ts'
import type { Database } from '../storage/database.ts'
import { type MigrationFile, planMigrations } from '../storage/migrator.ts'

export const drillProblemCodes = [
  /** The dump holds no screening at all, though the live database does. */
  'empty',
  /** More rows than the live database has: it is no dump of it, or rows were lost since. */
  'more-than-live',
  /** Its migrations are not those of this release, or of one before. */
  'other-schema',
  /** A sampled row did not open under the restored keys, and its key was not erased. */
  'not-opened',
  /** The audit log of the dump does not verify. */
  'audit-log',
  /** The ledger of the dump does not balance. */
  'ledger',
] as const
export type DrillProblem = (typeof drillProblemCodes)[number]

export type DrillReport = {
  readonly problems: readonly DrillProblem[]
  /** Counts by name, for the record. */
  readonly counts: Readonly<Record<string, number>>
}

export type DrillDeps = {
  readonly live: Database
  readonly restored: Database
  /** Over the restored key store, with the live root keys. */
  readonly restoredKeys: Pick<KeyRing, 'findRecordKeys'>
  /** Over the live key store: a key that is gone there too was erased. */
  readonly liveKeys: Pick<KeyRing, 'findRecordKeys'>
  readonly migrations: readonly MigrationFile[]
  readonly countLedgerDifferences: (database: Database) => Promise<number>
  readonly onProgress: (step: string) => void
}

export type DrillInput = {
  readonly sample: number
  /** Oldest first; empty where nothing is sealed: the log is not judged then. */
  readonly verifierKeys: readonly string[]
  readonly anchors: readonly string[]
}

export async function drillBackup(deps: DrillDeps, { sample, verifierKeys, anchors }: DrillInput): Promise<DrillReport> {
  const { live, restored, onProgress } = deps
  const problems = new Set<DrillProblem>()
  onProgress('counting rows')
  const [was, is] = [await restored.forWorker(countTables), await live.forWorker(countTables)]
  if (was.screenings === 0 && is.screenings > 0) problems.add('empty')
  // Rows that housekeeping takes away (none of these tables) would make this a false alarm.
  if (was.screenings > is.screenings || was.receipts > is.receipts) problems.add('more-than-live')
  if (!(await knowsSchema(deps))) problems.add('other-schema')
  onProgress('opening a sample')
  const opened = await openSample(deps, sample)
  if (opened.failed > 0) problems.add('not-opened')
  let sealed = 0
  if (verifierKeys.length > 0) {
    onProgress('verifying the audit log')
    const log = await verifyLog({ database: restored }, { verifierKeys, anchors })
    sealed = log.events
    // Anchors younger than the dump know more than it does: that is what a dump is.
    if (log.problems.some(({ kind }) => kind !== 'truncated')) problems.add('audit-log')
  }
  onProgress('balancing the ledger')
  const differing = await deps.countLedgerDifferences(restored)
  if (differing > 0) problems.add('ledger')
  return {
    problems: [...problems],
    counts: { ...was, sampled: opened.sampled, opened: opened.opened, erased: opened.erased, sealed, differing },
  }
}

async function knowsSchema({ restored, migrations }: DrillDeps): Promise<boolean> {
  try {
    planMigrations(migrations, await restored.listMigrations())
    return true
  } catch {
    return false
  }
}

async function openSample({ restored, restoredKeys, liveKeys }: DrillDeps, sample: number) {
  const rows = await restored.forWorker((tx) => sampleVersions(tx, sample))
  const refs = [...new Set(rows.map((row) => row.keyRef))]
  const keys = await restoredKeys.findRecordKeys(refs)
  const stillThere = await liveKeys.findRecordKeys(refs.filter((ref) => !keys.has(ref)))
  const counts = { sampled: rows.length, opened: 0, erased: 0, failed: 0 }
  for (const row of rows) {
    const key = keys.get(row.keyRef)
    if (key && opens(key, row)) counts.opened += 1
    // Gone from both key stores: it was erased, and stays so in every backup.
    else if (!key && !stillThere.has(row.keyRef)) counts.erased += 1
    else counts.failed += 1
  }
  return counts
}

function opens(key: Parameters<typeof openColumn>[0], row: SampledVersion): boolean {
  const cell = (column: string) => ({ pharmacyId: row.pharmacyId, table: 'screenings', column, rowId: row.versionId })
  try {
    openColumn(key, cell('patient'), row.patient as Sealed<unknown>)
    openColumn(key, cell('act'), row.act as Sealed<unknown>)
    return true
  } catch {
    return false
  }
}
