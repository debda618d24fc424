/** Checks a statement from what it rests on: charges and receipts counted again, sums, digests of its files, signature. */
import { parisDayBounds } from '../../domain/paris-time.ts'
import {
  type ChargedDay,
  creditableOf,
  isStatementNumber,
  linesOf,
  type Statement,
  totalsOf,
  withinStatement,
} from '../../domain/statement.ts'
import { type Price, priceAt } from '../../domain/tariff.ts'
import { findChangedFiles, manifestBytes, type StatementFiles } from '../../formats/statement/files.ts'
import type { Tx } from '../../storage/database.ts'
import {
  countProven,
  countUncharged,
  findFile,
  findSeal,
  findStatement,
  listBilledDays,
  listCreditNotes,
  statementFormats,
} from '../../storage/statements.ts'
import type { StatementDeps } from './deps.ts'

export const verificationChecks = [
  ...(['sums', 'charges', 'receipts', 'owed', 'prices', 'credit'] as const),
  ...(['files', 'content', 'signature'] as const),
] as const
export type VerificationCheck = {
  readonly name: (typeof verificationChecks)[number]
  readonly ok: boolean
  /** For the operator: what was found. */
  readonly detail: string
}

/** Null where there is no such statement. All checks are made, whatever the first says. */
export async function verifyStatement(
  deps: Pick<StatementDeps, 'database' | 'signer' | 'pricesOf'>,
  number: string,
): Promise<readonly VerificationCheck[] | null> {
  const read = await deps.database.forWorker((tx) => readAll(tx, number))
  if (read === null) return null
  const { statement, seal, files } = read
  const recounted = read.days
    ? [
        chargesAgain(statement, read.days),
        receiptsThere(statement, read.proof),
        noneOwed(read.uncharged),
        pricesHold(statement, deps.pricesOf(statement.buyer.finess)),
      ]
    : [creditHolds(statement, read.credited)]
  return [sumsHold(statement), ...recounted, ...(await sealHolds(deps, statement, seal, files))]
}

async function readAll(tx: Tx, number: string) {
  const stored = isStatementNumber(number) ? await findStatement(tx, number) : null
  if (!stored) return null
  const { statement, pharmacyId } = stored
  const { month, kind, credited } = statement
  const files: { -readonly [Format in keyof StatementFiles]?: Uint8Array } = {}
  for (const format of statementFormats) {
    const bytes = await findFile(tx, { number, format })
    if (bytes) files[format] = bytes
  }
  const original = credited ? await findStatement(tx, credited.number) : null
  return {
    ...{ statement, files, seal: await findSeal(tx, number) },
    days: kind === 'invoice' ? await listBilledDays(tx, { month, pharmacyIds: [pharmacyId] }) : null,
    proof: await countProven(tx, { month, pharmacyId }),
    uncharged: await countUncharged(tx, { month, pharmacyId }),
    credited: original && { original: original.statement, notes: await listCreditNotes(tx, original.statement.number) },
  }
}

function check(name: VerificationCheck['name'], ok: boolean, detail: string): VerificationCheck {
  return { name, ok, detail }
}

function sumsHold(statement: Statement): VerificationCheck {
  const { lines, days, month, kind, vatRateBasisPoints, netCents, vatCents, grossCents } = statement
  const again = totalsOf(lines, vatRateBasisPoints)
  const same = again.netCents === netCents && again.vatCents === vatCents && again.grossCents === grossCents
  const fromDays = kind === 'credit-note' || JSON.stringify(linesOf(month, days)) === JSON.stringify(lines.map(inOrder))
  const products = lines.every((line) => line.netCents === line.count * line.unitCents)
  return check(
    'sums',
    same && fromDays && products,
    `lines come to ${again.netCents} cents without VAT, ${again.grossCents} with it`,
  )
}

/** The database keeps JSON in an order of its own. */
function inOrder({ position, month, late, unitCents, count, netCents }: Statement['lines'][number]) {
  return { position, month, late, unitCents, count, netCents }
}

function chargesAgain(statement: Statement, days: readonly ChargedDay[]): VerificationCheck {
  const said = keysOf(statement.days)
  const found = keysOf(days)
  const differing = [...new Set([...said, ...found])].filter((key) => said.includes(key) !== found.includes(key))
  const first = differing.length > 0 ? `, first ${differing.toSorted()[0]}` : ''
  return check(
    'charges',
    differing.length === 0,
    `${found.length} days and prices counted again, ${differing.length} differ${first}`,
  )
}

const keysOf = (days: readonly ChargedDay[]) => days.map(({ day, unitCents, count }) => `${day} at ${unitCents} cents: ${count}`)

function receiptsThere(statement: Statement, proof: { charges: number; proven: number }): VerificationCheck {
  const billed = statement.days.reduce((sum, { count }) => sum + Math.abs(count), 0)
  const ok = proof.charges === billed && proof.proven === billed
  return check('receipts', ok, `${billed} billed, ${proof.charges} charges found, ${proof.proven} of them with their receipt`)
}

function noneOwed(uncharged: number): VerificationCheck {
  return check('owed', uncharged === 0, `${uncharged} screenings of the month have a receipt that is owed a charge, and none`)
}

/** Each day’s price against the tariff: what was raised before the close adds up in every other check. Credits follow their charge, not the day. */
function pricesHold(statement: Statement, prices: readonly Price[]): VerificationCheck {
  const charged = statement.days.filter(({ count }) => count > 0)
  const wrong = charged.flatMap(({ day, unitCents }) => {
    const { amountCents, tariffId } = priceAt(prices, parisDayBounds(day).from)
    return amountCents === unitCents ? [] : [`${day}: ${unitCents} cents, ${amountCents} by ${tariffId}`]
  })
  const first = wrong[0] === undefined ? '' : `, first ${wrong[0]}; was the tariff of then taken out of tariff.yaml?`
  return check(
    'prices',
    wrong.length === 0,
    `${charged.length} days and prices held against the tariff, ${wrong.length} differ${first}`,
  )
}

function creditHolds(
  statement: Statement,
  found: { original: Statement; notes: readonly Statement[] } | null,
): VerificationCheck {
  if (!found) return check('credit', false, 'the credited statement is not there')
  const others = found.notes.filter(({ number }) => number !== statement.number)
  const left = creditableOf(found.original, others)
  const lines = statement.lines.every((line) => line.count >= 0 && line.count <= (left.get(line.position) ?? 0))
  const holds = lines && withinStatement(found.original, found.notes)
  return check(
    'credit',
    holds,
    `${found.notes.length} credit notes on ${found.original.number}, within what was charged: ${holds}`,
  )
}

async function sealHolds(
  deps: Pick<StatementDeps, 'signer'>,
  statement: Statement,
  seal: { manifest: string; signature: string; keyId: string } | null,
  files: Partial<StatementFiles>,
): Promise<readonly VerificationCheck[]> {
  if (!seal) return [check('files', false, 'not sealed yet: run statements close for its month again')]
  const changed = findChangedFiles(seal.manifest, statement.number, files)
  const verified = deps.signer ? await deps.signer.verifyDetached(manifestBytes(seal.manifest), seal.signature) : null
  const said =
    verified === null ? 'no SIGNING_KEYS_FILE to check with' : verified.ok ? `by key ${verified.kid}` : verified.problem
  return [
    check('files', changed.length === 0, changed.length === 0 ? 'digests of all files hold' : `changed: ${changed.join(', ')}`),
    check(
      'content',
      files.json !== undefined && saysTheSame(statement, files.json),
      'the JSON file against the stored statement',
    ),
    check('signature', verified?.ok === true, said),
  ]
}

function saysTheSame(statement: Statement, json: Uint8Array): boolean {
  try {
    const { number, lines, netCents, vatCents, grossCents, month } = JSON.parse(Buffer.from(json).toString('utf8')) as Statement
    const figures = (one: Pick<Statement, 'lines'>) => JSON.stringify(one.lines.map(inOrder))
    const same = number === statement.number && month === statement.month && netCents === statement.netCents
    return (
      same && vatCents === statement.vatCents && grossCents === statement.grossCents && figures({ lines }) === figures(statement)
    )
  } catch {
    return false // no JSON: its digest says so too
  }
}
