/** Credit notes: a preview of what one would give back, and the note itself, numbered in the same series. */
import { appendEvent } from '../../audit/append-event.ts'
import { fail, ok, type Result } from '../../base/result.ts'
import type { Actor, RequestContext } from '../../domain/actor.ts'
import { GatewayError } from '../../domain/errors.ts'
import { parisDay, parisWallTime } from '../../domain/paris-time.ts'
import {
  type CreditItem,
  type CreditProblem,
  creditableOf,
  draftCreditNote,
  isStatementNumber,
  type Statement,
  type StatementDraft,
  statementNumber,
} from '../../domain/statement.ts'
import { findLineProblem, tidyText } from '../../domain/text-rules.ts'
import type { Tx } from '../../storage/database.ts'
import { findStatement, insertStatements, listCreditNotes, lockStatement, takeNumbers } from '../../storage/statements.ts'
import type { StatementDeps } from './deps.ts'
import { sealStatement } from './seal-statement.ts'

const reasonLength = { min: 3, max: 200 }

export type CreditRequest = { readonly number: string; readonly items: readonly CreditItem[]; readonly reason: string }

/** A statement with what may still be credited of it, by position of its lines. */
export type Creditable = {
  readonly statement: Statement
  readonly left: ReadonlyMap<number, number>
  readonly notes: readonly Statement[]
}

/** Throws `GatewayError` `not-found` for a number of nobody, or of another pharmacy. */
export async function findCreditable(deps: StatementDeps, scope: CreditScope, number: string): Promise<Creditable> {
  return inScope(deps, scope, (tx) => readCreditable(tx, number))
}

/** Null for the command line, which works for all pharmacies. */
export type CreditScope = string | null

/** What the note would say, with nothing written. */
export async function previewCredit(
  deps: StatementDeps,
  scope: CreditScope,
  request: CreditRequest,
): Promise<Result<StatementDraft, CreditProblem>> {
  const { statement, notes } = await findCreditable(deps, scope, request.number)
  return draft(deps, { statement, notes }, request)
}

/** Writes it. Two at once on one statement come one after the other, and the second sees what the first took. */
export async function issueCredit(
  deps: StatementDeps,
  scope: CreditScope,
  request: CreditRequest,
  by: { readonly actor: Actor; readonly request: RequestContext | null },
): Promise<Result<Statement, CreditProblem>> {
  if (deps.signer === null) throw new GatewayError('unavailable')
  const issued = await inScope(deps, scope, async (tx) => {
    await lockStatement(tx, request.number)
    const found = await readCreditable(tx, request.number)
    const drafted = draft(deps, found, request)
    if (!drafted.ok) return drafted
    const at = deps.clock.now()
    const year = Number(parisWallTime(at).year)
    const { issuer } = drafted.value
    const sequence = await takeNumbers(tx, { issuer: issuer.siren, year, count: 1 })
    const statement = { ...drafted.value, number: statementNumber({ prefix: issuer.invoicePrefix, year, sequence }) }
    const issuedBy = by.actor.kind === 'professional' ? by.actor.professionalId : null
    await insertStatements(tx, [{ statement, pharmacyId: found.pharmacyId, year, sequence, issuedBy, issuedAt: at }])
    await appendEvent(tx, {
      ...{ at, actor: by.actor, action: 'statement.credit', outcome: 'done', request: by.request, pharmacyId: found.pharmacyId },
      details: { number: statement.number, credits: request.number, netCents: statement.netCents },
    })
    return ok({ statement, pharmacyId: found.pharmacyId })
  })
  if (!issued.ok) return issued
  // After the commit: a note that is not sealed yet is there all the same, and the next close seals it.
  await sealStatement(deps, issued.value)
  return ok(issued.value.statement)
}

function inScope<Value>(deps: StatementDeps, scope: CreditScope, run: (tx: Tx) => Promise<Value>): Promise<Value> {
  return scope === null ? deps.database.forWorker(run) : deps.database.forPharmacy(scope, run)
}

async function readCreditable(tx: Tx, number: string): Promise<Creditable & { readonly pharmacyId: string }> {
  const stored = isStatementNumber(number) ? await findStatement(tx, number) : null
  if (!stored) throw new GatewayError('not-found')
  const notes = await listCreditNotes(tx, number)
  return { statement: stored.statement, pharmacyId: stored.pharmacyId, notes, left: creditableOf(stored.statement, notes) }
}

function draft(
  deps: StatementDeps,
  { statement, notes }: Pick<Creditable, 'statement' | 'notes'>,
  { items, reason: typed }: CreditRequest,
): Result<StatementDraft, CreditProblem> {
  const reason = tidyText(typed)
  if (reason.length < reasonLength.min || findLineProblem(reason, reasonLength.max) !== null) return fail('reason-bad')
  return draftCreditNote({ original: statement, earlier: notes, items, reason, issuedOn: parisDay(deps.clock.now()) })
}
