/** Closes a month: freezes it, bills it pharmacy by pharmacy, numbers and seals what comes of it; can be cut off anywhere and run again. */
import { appendEvents } from '../../audit/append-event.ts'
import { assert } from '../../base/assert.ts'
import { fail, ok, type Result } from '../../base/result.ts'
import { parisDay, parisWallTime } from '../../domain/paris-time.ts'
import { draftInvoice, type Statement, type StatementDraft, statementNumber } from '../../domain/statement.ts'
import { type Issuer, parisMonth } from '../../domain/tariff.ts'
import { isPrefixTaken, listDemonstrationCharges } from '../../storage/close-obstacles.ts'
import type { Tx } from '../../storage/database.ts'
import {
  type BilledDay,
  claimOpenMonths,
  completeMonths,
  countOpenMonths,
  freezeMonth,
  insertStatements,
  listBilledDays,
  listPharmaciesToClose,
  listUnbilledBefore,
  listUnsealed,
  type OpenMonth,
  takeNumbers,
} from '../../storage/statements.ts'
import type { CloseProblem, StatementDeps } from './deps.ts'
import { type IssuedStatement, sealStatements } from './seal-statement.ts'

/** Pharmacies billed in one transaction: others who number documents wait for so many. */
const chunkSizeDefault = 100
/** Five thousand pharmacies in chunks, and as many again for those that another close lets go. */
const chunksMax = 200
const unsealedMax = 100

export type MonthToClose = { readonly month: string; readonly pharmacyId: string | null; readonly chunkSize?: number }
export type BlockingMonth = { readonly finess: string; readonly month: string }
export type Refusal = { readonly problem: CloseProblem; readonly blocking: readonly BlockingMonth[] }

export type ClosePreview = {
  /** Pharmacies whose month is not billed yet. */
  readonly pharmacies: number
  readonly drafts: readonly StatementDraft[]
  /** FINESS numbers of pharmacies with charges that the configuration names no more. */
  readonly notConfigured: readonly string[]
}

export type CloseProgress = { readonly step: 'billed' | 'sealed'; readonly done: number }
export type Closed = {
  readonly issued: readonly Statement[]
  /** Pharmacies of which nothing was to be billed. */
  readonly empty: number
  readonly sealed: number
  readonly notConfigured: readonly string[]
  /** Pharmacies that another close is billing at this moment. */
  readonly elsewhere: number
}

/** What `closeMonth` would do, with nothing written. The month may still be under way: then it says what it comes to so far. */
export async function previewClose(deps: StatementDeps, target: MonthToClose): Promise<Result<ClosePreview, Refusal>> {
  const refusal = await findRefusal(deps, target)
  if (refusal !== null) return fail(refusal)
  const found = await deps.database.forWorker(async (tx) => {
    const open = await listPharmaciesToClose(tx, target)
    const days = await listBilledDays(tx, { month: target.month, pharmacyIds: open.map((one) => one.pharmacyId) })
    return { open, days }
  })
  const { drafts, notConfigured } = draftAll(deps, target.month, found.open, found.days)
  return ok({ pharmacies: found.open.length, drafts: drafts.map(({ draft }) => draft), notConfigured })
}

/** Does it. Running it again for a month that is closed changes nothing and answers nothing issued. */
export async function closeMonth(
  deps: StatementDeps,
  target: MonthToClose,
  onProgress: (progress: CloseProgress) => void = () => undefined,
): Promise<Result<Closed, Refusal>> {
  const refusal = await findRefusal(deps, target)
  if (refusal !== null) return fail(refusal)
  // From here on nothing can join the month. Dying on the next line leaves it frozen: the same command goes on.
  await deps.database.forWorker((tx) => freezeMonth(tx, { ...target, at: deps.clock.now() }))
  const issued: Statement[] = []
  const notConfigured = new Set<string>()
  let empty = 0
  let sealed = 0
  // The database counts one set while the files of the one before are written: each waits for the other's processor otherwise.
  let sealing = Promise.resolve(0)
  for (let chunk = 0; chunk < chunksMax; chunk++) {
    const billing = deps.database.forWorker((tx) => billChunk(deps, tx, target, notConfigured))
    const [billed, done] = await Promise.all([billing, sealing])
    sealed += done
    if (done > 0) onProgress({ step: 'sealed', done: sealed })
    sealing = Promise.resolve(0)
    if (billed === null) break
    empty += billed.empty
    issued.push(...billed.issued.map(({ statement }) => statement))
    onProgress({ step: 'billed', done: issued.length + empty })
    sealing = sealStatements(deps, billed.issued)
  }
  sealed += await sealing
  sealed += await sealLeft(deps)
  const open = await deps.database.forWorker((tx) => countOpenMonths(tx, target))
  return ok({
    issued,
    empty,
    sealed,
    notConfigured: [...notConfigured].sort(),
    elsewhere: Math.max(0, open - notConfigured.size),
  })
}

async function findRefusal(deps: StatementDeps, target: MonthToClose): Promise<Refusal | null> {
  if (target.month >= parisMonth(deps.clock.now())) return { problem: 'month-not-over', blocking: [] }
  if (deps.issuer === null) return { problem: 'no-issuer', blocking: [] }
  if (deps.signer === null) return { problem: 'no-signing-key', blocking: [] }
  const { siren, invoicePrefix: prefix } = deps.issuer
  if (await deps.database.forWorker((tx) => isPrefixTaken(tx, { issuer: siren, prefix })))
    return { problem: 'prefix-taken', blocking: [] }
  // What a demonstration charged says so where its own profile bills it; in production it would be asked for like money.
  const invented = deps.demonstration ? [] : await deps.database.forWorker((tx) => listDemonstrationCharges(tx, target))
  if (invented.length > 0) return { problem: 'demonstration-charges', blocking: invented }
  const blocking = await deps.database.forWorker((tx) => listUnbilledBefore(tx, target))
  return blocking.length > 0 ? { problem: 'earlier-month-open', blocking } : null
}

/** One transaction: these pharmacies are billed, numbered and completed, or nothing of it. Null where none is left. */
async function billChunk(deps: StatementDeps, tx: Tx, target: MonthToClose, notConfigured: Set<string>) {
  const { issuer } = deps
  assert(issuer, 'looked at before')
  const { month } = target
  const claimed = await claimOpenMonths(tx, { ...target, limit: (target.chunkSize ?? chunkSizeDefault) + notConfigured.size })
  const open = claimed.filter(({ finess }) => !notConfigured.has(finess))
  if (open.length === 0) return null
  const days = await listBilledDays(tx, { month, pharmacyIds: open.map((one) => one.pharmacyId) })
  const { drafts, notConfigured: unknown } = draftAll(deps, month, open, days)
  for (const finess of unknown) notConfigured.add(finess)
  const at = deps.clock.now()
  const issued = drafts.length === 0 ? [] : await number(tx, { issuer, drafts, at })
  const completed = open.filter(({ finess }) => !notConfigured.has(finess)).map(({ pharmacyId }) => pharmacyId)
  await completeMonths(tx, { month, pharmacyIds: completed, at })
  return { issued, empty: completed.length - issued.length }
}

/** The counter is taken last before the rows: others wait for it no longer than they must. */
async function number(
  tx: Tx,
  { issuer, drafts, at }: { issuer: Issuer; drafts: readonly Drafted[]; at: Date },
): Promise<readonly IssuedStatement[]> {
  const year = Number(parisWallTime(at).year)
  const first = await takeNumbers(tx, { issuer: issuer.siren, year, count: drafts.length })
  const rows = drafts.map(({ draft, pharmacyId }, index) => {
    const sequence = first + index
    const statement = { ...draft, number: statementNumber({ prefix: issuer.invoicePrefix, year, sequence }) }
    return { statement, pharmacyId, year, sequence, issuedBy: null, issuedAt: at }
  })
  await insertStatements(tx, rows)
  await appendEvents(
    tx,
    rows.map(({ statement, pharmacyId }) => ({
      at,
      actor: { kind: 'system', name: 'command-line' } as const,
      action: 'statement.issue',
      outcome: 'done',
      pharmacyId,
      request: null,
      details: { number: statement.number, month: statement.month, netCents: statement.netCents },
    })),
  )
  return rows
}

type Drafted = { readonly pharmacyId: string; readonly draft: StatementDraft }

function draftAll(deps: StatementDeps, month: string, open: readonly OpenMonth[], days: readonly BilledDay[]) {
  const { issuer, vatRateBasisPoints, demonstration } = deps
  assert(issuer, 'looked at before')
  const issuedOn = parisDay(deps.clock.now())
  const byPharmacy = Map.groupBy(days, (day) => day.pharmacyId)
  const drafts: Drafted[] = []
  const notConfigured: string[] = []
  for (const { pharmacyId, finess } of open) {
    const billed = byPharmacy.get(pharmacyId) ?? []
    if (billed.length === 0) continue
    const buyer = deps.findPharmacy(pharmacyId)
    if (buyer === null) {
      notConfigured.push(finess)
      continue
    }
    const { name, addressLine, postalCode, city } = buyer
    const draft = draftInvoice({
      ...{ month, issuedOn, vatRateBasisPoints, issuer, demonstration },
      days: billed.map(({ day, unitCents, count }) => ({ day, unitCents, count })),
      buyer: { finess: buyer.finess, name, addressLine, postalCode, city },
    })
    if (draft) drafts.push({ pharmacyId, draft })
  }
  return { drafts, notConfigured }
}

/** What an earlier close issued and did not live to seal. */
async function sealLeft(deps: StatementDeps): Promise<number> {
  let sealed = 0
  for (let round = 0; round < chunksMax; round++) {
    const left = await deps.database.forWorker((tx) => listUnsealed(tx, { limit: unsealedMax }))
    if (left.length === 0) break
    sealed += await sealStatements(deps, left)
  }
  return sealed
}
