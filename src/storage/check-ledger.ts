/** Holds the ledger of every pharmacy against its rules, and names the items behind each difference. */
import { sql } from 'drizzle-orm'
import { addCounts, brokenRules, type LedgerCounts, type LedgerLine, type LedgerRule } from '../domain/ledger.ts'
import type { Database, Tx } from './database.ts'
import { findMovedFrom, type LedgerItem, listLedgerItems, readLedger } from './ledger.ts'

export type LedgerDifference = {
  readonly line: LedgerLine
  /** `close`: what was written when the day was closed is not what its rows say now. */
  readonly rules: readonly (LedgerRule | 'close')[]
  /** The declarations that differ, at most a hundred. */
  readonly items: readonly LedgerItem[]
}

export type LedgerCheck = {
  readonly pharmacies: number
  readonly lines: number
  readonly sum: LedgerCounts
  readonly differences: readonly LedgerDifference[]
}

export type LedgerCheckInput = {
  readonly pharmacyIds: readonly string[]
  /** Paris days, both included. */
  readonly from: string
  readonly to: string
  /** A Paris day: each pharmacy is read from the oldest day on which something has moved since then, where that lies before `from`. */
  readonly movedSince?: string
  /** Counts closed days again from the rows, and holds that against what was written when they were closed. */
  readonly recount?: boolean
  readonly signal?: AbortSignal
  readonly onPharmacy?: (done: number) => void
}

const itemsMax = 100
/** Past this many, a person mends the first ones before reading on. */
const differencesMax = 1000

/** Each pharmacy in a snapshot of its own: no equality reaches over two. Stops early, and says less, where `signal` aborts. */
export async function checkLedger(database: Pick<Database, 'forWorker'>, input: LedgerCheckInput): Promise<LedgerCheck> {
  const differences: LedgerDifference[] = []
  const sums: LedgerCounts[] = []
  let lines = 0
  let pharmacies = 0
  for (const pharmacyId of input.pharmacyIds) {
    if (input.signal?.aborted || differences.length >= differencesMax) break
    const checked = await database.forWorker((tx) => checkPharmacy(tx, { ...input, pharmacyId }))
    differences.push(...checked.differences)
    sums.push(checked.sum)
    lines += checked.lines
    pharmacies += 1
    input.onPharmacy?.(pharmacies)
  }
  return { pharmacies, lines, sum: addCounts(sums), differences }
}

async function checkPharmacy(tx: Tx, scope: LedgerCheckInput & { readonly pharmacyId: string }) {
  const { pharmacyId, to, movedSince } = scope
  const from =
    movedSince === undefined ? scope.from : await findMovedFrom(tx, { pharmacyId, from: scope.from, since: movedSince })
  const lines = await readLedger(tx, { pharmacyId, from, to })
  const broken = new Map<LedgerLine, (LedgerRule | 'close')[]>()
  for (const line of lines) {
    const rules = brokenRules(line)
    if (rules.length > 0) broken.set(line, [...rules])
  }
  if (scope.recount)
    for (const line of await findMisclosed(tx, { pharmacyId, from, to })) broken.set(line, [...(broken.get(line) ?? []), 'close'])
  const differences: LedgerDifference[] = []
  for (const [line, rules] of broken) {
    const day = { pharmacyId, from: line.day, to: line.day }
    const items = await listLedgerItems(tx, day, { destination: line.destination, differingOnly: true, limit: itemsMax })
    differences.push({ line, rules, items })
  }
  return { lines: lines.length, sum: addCounts(lines), differences }
}

/** Two readings, one statement each: a row may move between them, but does not move three times in the same way. */
const recountTries = 3

async function findMisclosed(
  tx: Tx,
  scope: { readonly pharmacyId: string; readonly from: string; readonly to: string },
): Promise<readonly LedgerLine[]> {
  let misclosed: readonly LedgerLine[] = []
  for (let tried = 0; tried < recountTries; tried++) {
    const written = await readLedger(tx, scope)
    const counted = new Map((await readLedger(tx, scope, { recount: true })).map((line) => [keyOf(line), JSON.stringify(line)]))
    misclosed = [...written.filter((line) => counted.get(keyOf(line)) !== JSON.stringify(line)), ...missingFrom(written, counted)]
    if (misclosed.length === 0) break
  }
  return misclosed
}

const keyOf = ({ day, destination }: LedgerLine) => `${day} ${destination}`

function missingFrom(written: readonly LedgerLine[], counted: ReadonlyMap<string, string>): LedgerLine[] {
  const known = new Set(written.map(keyOf))
  return [...counted].flatMap(([key, line]) => (known.has(key) ? [] : [JSON.parse(line) as LedgerLine]))
}

export type LedgerPharmacy = { readonly id: string; readonly finess: string; readonly name: string }

const pharmaciesMax = 10_000

/** Every pharmacy that the tables know, those that the configuration has dropped included: their captures count on. */
export async function listLedgerPharmacies(tx: Tx): Promise<readonly LedgerPharmacy[]> {
  const rows = await tx.execute<LedgerPharmacy & Record<string, unknown>>(
    sql`select id, finess, name from pharmacies order by finess limit ${pharmaciesMax}`,
  )
  return [...rows]
}
