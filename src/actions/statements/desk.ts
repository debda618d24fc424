/** What pages do with statements: month to date, past ones, files, the group at a glance, credit notes. */
import { appendEvent } from '../../audit/append-event.ts'
import type { Result } from '../../base/result.ts'
import type { Professional, RequestContext } from '../../domain/actor.ts'
import { parisDay } from '../../domain/paris-time.ts'
import { type Permission, roleMay } from '../../domain/roles.ts'
import type { ChargedDay, CreditProblem, Statement, StatementDraft } from '../../domain/statement.ts'
import { parisMonth } from '../../domain/tariff.ts'
import { listBilledDays, listStatements, type StatementSummary } from '../../storage/statements.ts'
import { ensureMay } from '../ensure-may.ts'
import { type Creditable, type CreditRequest, findCreditable, issueCredit, previewCredit } from './credit-statement.ts'
import type { StatementDeps } from './deps.ts'
import { bindGroupDesk, type GroupDesk, type Readable, readableOf, sumsOf } from './group-desk.ts'
import { type FileWanted, openStatementFile, type StatementFile } from './open-file.ts'

export type { StatementFormat, StatementSummary } from '../../storage/statements.ts'
export type { Creditable, CreditRequest } from './credit-statement.ts'
export type { GroupDay, GroupRow, GroupView } from './group-desk.ts'
export type { FileKind, StatementFile } from './open-file.ts'

/** The month under way: what it comes to so far; null amounts where nobody bills here. */
export type MonthToDate = {
  /** `YYYY-MM`. */
  readonly month: string
  /** Up to today, in Paris. */
  readonly today: string
  readonly days: readonly ChargedDay[]
  readonly receipts: number
  readonly netCents: number
}

export type BillingView = {
  readonly current: MonthToDate
  readonly statements: readonly StatementSummary[]
  readonly mayCredit: boolean
  /** More than one pharmacy to look at. */
  readonly hasGroup: boolean
}

/** All throw `GatewayError`: `forbidden` (the role may not), `not-found` (nobody's number, or another pharmacy's: the same answer). */
export type StatementDesk = GroupDesk & {
  viewBilling(actor: Professional, offered: readonly Readable[], request: RequestContext): Promise<BillingView>
  openFile(actor: Professional, file: FileWanted, request: RequestContext): Promise<StatementFile>
  findCreditable(actor: Professional, number: string, request: RequestContext): Promise<Creditable>
  previewCredit(
    actor: Professional,
    credit: CreditRequest,
    request: RequestContext,
  ): Promise<Result<StatementDraft, CreditProblem>>
  issueCredit(actor: Professional, credit: CreditRequest, request: RequestContext): Promise<Result<Statement, CreditProblem>>
}

export function bindStatementDesk(deps: StatementDeps): StatementDesk {
  const ensure = (actor: Professional, permission: Permission, request: RequestContext) =>
    ensureMay(deps, actor, permission, request, {
      action: permission === 'statement.credit' ? 'statement.credit' : 'statement.read',
    })
  return {
    viewBilling: async (actor, offered, request) => {
      await ensure(actor, 'statement.read', request)
      const { pharmacyId } = actor
      return deps.database.forPharmacy(pharmacyId, async (tx) => {
        await appendEvent(tx, { at: deps.clock.now(), actor, action: 'statement.read', outcome: 'done', request })
        const today = parisDay(deps.clock.now())
        const month = parisMonth(deps.clock.now())
        const days = (await listBilledDays(tx, { month, pharmacyIds: [pharmacyId] })).map(({ day, unitCents, count }) => ({
          day,
          unitCents,
          count,
        }))
        return {
          current: { month, today, days, ...sumsOf(days) },
          statements: await listStatements(tx, pharmacyId),
          mayCredit: roleMay(actor.role, 'statement.credit') && deps.signer !== null,
          hasGroup: readableOf(offered).length > 1,
        }
      })
    },
    openFile: async (actor, file, request) => {
      await ensure(actor, 'statement.read', request)
      return openStatementFile(deps, actor, file, request)
    },
    ...bindGroupDesk(deps),
    findCreditable: async (actor, number, request) => {
      await ensure(actor, 'statement.credit', request)
      return findCreditable(deps, actor.pharmacyId, number)
    },
    previewCredit: async (actor, credit, request) => {
      await ensure(actor, 'statement.credit', request)
      return previewCredit(deps, actor.pharmacyId, credit)
    },
    issueCredit: async (actor, credit, request) => {
      await ensure(actor, 'statement.credit', request)
      return issueCredit(deps, actor.pharmacyId, credit, { actor, request })
    },
  }
}
