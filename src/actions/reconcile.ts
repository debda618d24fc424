/** Asks a destination, one control id after another, what it holds of a day, and names each difference; changes nothing. */
import { compareSides, type Discrepancy, type TheirSide, unknownToUs } from '../domain/reconciliation.ts'
import type { Database } from '../storage/database.ts'
import { listDeclaredOn, listKnownControlIds, type SentDeclaration } from '../storage/reconciliation.ts'

export type ReconcileDeps = {
  readonly database: Pick<Database, 'forWorker'>
  /** What they hold under this control id. Never rejects, and has a bound of its own. */
  readonly ask: (sent: SentDeclaration) => Promise<TheirSide>
}

export type ReconcileInput = {
  readonly destination: string
  /** Null: all of them. */
  readonly pharmacyId?: string | null
  /** Paris day on which the versions were signed. */
  readonly day: string
  /** All control ids that they say they hold of that day, where they gave a list. */
  readonly theirList: ReadonlySet<string> | null
  readonly onPage?: (asked: number) => void
}

export type Reconciliation = { readonly asked: number; readonly agreed: number; readonly discrepancies: readonly Discrepancy[] }

const pageLength = 200
/** A day of a thousand pharmacies at their peak; past it, reconcile fewer. */
const pagesMax = 2000
const atOnce = 4
const firstId = '00000000-0000-0000-0000-000000000000'

export async function reconcile(deps: ReconcileDeps, input: ReconcileInput): Promise<Reconciliation> {
  const { destination, day, theirList, pharmacyId = null } = input
  const discrepancies: Discrepancy[] = []
  const ours = new Set<string>()
  let asked = 0
  let after = firstId
  for (let page = 0; page < pagesMax; page++) {
    const from = after
    const rows = await deps.database.forWorker((tx) =>
      listDeclaredOn(tx, { pharmacyId, destination, day, after: from, limit: pageLength }),
    )
    for (let start = 0; start < rows.length; start += atOnce)
      for (const discrepancy of await Promise.all(rows.slice(start, start + atOnce).map((row) => compare(deps, row, theirList))))
        if (discrepancy !== null) discrepancies.push(discrepancy)
    for (const row of rows) ours.add(row.controlId)
    asked += rows.length
    input.onPage?.(asked)
    after = rows.at(-1)?.declarationId ?? after
    if (rows.length < pageLength) break
  }
  const strangers = [...(theirList ?? [])].filter((controlId) => !ours.has(controlId))
  // Of another day, perhaps: only what we never gave to anybody is unknown.
  const known = await deps.database.forWorker((tx) => listKnownControlIds(tx, { destination, controlIds: strangers }))
  for (const controlId of strangers) if (!known.has(controlId)) discrepancies.push(unknownToUs(controlId))
  return { asked, agreed: asked - discrepancies.filter(({ ours: known }) => known !== null).length, discrepancies }
}

async function compare(
  deps: ReconcileDeps,
  row: SentDeclaration,
  theirList: ReadonlySet<string> | null,
): Promise<Discrepancy | null> {
  const { digests: _digests, ...ours } = row
  if (theirList !== null) return compareSides(ours, theirList.has(row.controlId) ? 'held' : 'not-held')
  return compareSides(ours, await deps.ask(row))
}
