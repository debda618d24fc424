/** What pages do with statements: month to date, past ones, files, the group at a glance, credit notes. */
import { appendEvent } from '../../audit/append-event.ts'
import type { Result } from '../../base/result.ts'
import type { Professional, RequestContext } from '../../domain/actor.ts'
import { GatewayError } from '../../domain/errors.ts'
import { parisDay } from '../../domain/paris-time.ts'
import { type Permission, roleMay } from '../../domain/roles.ts'
import {
  type ChargedDay,
  type CreditProblem,
  isStatementNumber,
  type Statement,
  type StatementDraft,
} from '../../domain/statement.ts'
import { parisMonth } from '../../domain/tariff.ts'
import { fileName } from '../../formats/statement/files.ts'
import {
  findFile,
  findSeal,
  listBilledDays,
  listStatements,
  type StatementFormat,
  type StatementSummary,
} from '../../storage/statements.ts'
import { ensureMay } from '../ensure-may.ts'
import { type Creditable, type CreditRequest, findCreditable, issueCredit, previewCredit } from './credit-statement.ts'
import type { StatementDeps } from './deps.ts'

export type { StatementFormat, StatementSummary } from '../../storage/statements.ts'
export type { Creditable, CreditRequest } from './credit-statement.ts'

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

export type GroupRow = {
  readonly pharmacyId: string
  readonly name: string
  readonly finess: string
  readonly receipts: number
  readonly netCents: number
  /** Of the twelve newest statements, less what was credited on them. */
  readonly statements: readonly StatementSummary[]
}
export type GroupView = { readonly month: string; readonly rows: readonly GroupRow[] }

export type StatementFile = { readonly name: string; readonly type: string; readonly bytes: Uint8Array }
/** The manifest and its signature are files too. */
export type FileKind = StatementFormat | 'manifest' | 'signature'

/** A pharmacy where this person may read statements, as the session offers it. */
export type Readable = {
  readonly pharmacyId: string
  readonly pharmacyName: string
  readonly finess: string
  readonly role: Professional['role']
}

/** All throw `GatewayError`: `forbidden` (the role may not), `not-found` (nobody's number, or another pharmacy's: the same answer). */
export type StatementDesk = {
  viewBilling(actor: Professional, offered: readonly Readable[], request: RequestContext): Promise<BillingView>
  /** Of the pharmacies that the session offers, those in which the person may read statements. */
  viewGroup(actor: Professional, offered: readonly Readable[], request: RequestContext): Promise<GroupView>
  openFile(
    actor: Professional,
    file: { readonly number: string; readonly kind: FileKind },
    request: RequestContext,
  ): Promise<StatementFile>
  findCreditable(actor: Professional, number: string, request: RequestContext): Promise<Creditable>
  previewCredit(
    actor: Professional,
    credit: CreditRequest,
    request: RequestContext,
  ): Promise<Result<StatementDraft, CreditProblem>>
  issueCredit(actor: Professional, credit: CreditRequest, request: RequestContext): Promise<Result<Statement, CreditProblem>>
}

const groupMax = 200
const recentMax = 12
const types: Record<FileKind, string> = {
  pdf: 'application/pdf',
  xml: 'application/xml; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
  manifest: 'application/json; charset=utf-8',
  signature: 'application/jose; charset=utf-8',
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
    viewGroup: async (actor, offered, request) => {
      await ensure(actor, 'statement.read', request)
      const month = parisMonth(deps.clock.now())
      const rows: GroupRow[] = []
      for (const { pharmacyId, pharmacyName: name, finess, role } of readableOf(offered)) {
        // Each in its own scope and with its own trace: row-level security stands for a group as for one.
        const row = await deps.database.forPharmacy(pharmacyId, async (tx) => {
          await appendEvent(tx, {
            at: deps.clock.now(),
            actor: { ...actor, pharmacyId, role },
            action: 'statement.read',
            outcome: 'done',
            request,
          })
          const days = await listBilledDays(tx, { month, pharmacyIds: [pharmacyId] })
          const statements = (await listStatements(tx, pharmacyId)).slice(0, recentMax)
          return { pharmacyId, name, finess, ...sumsOf(days), statements }
        })
        rows.push(row)
      }
      return { month, rows }
    },
    openFile: async (actor, { number, kind }, request) => {
      await ensure(actor, 'statement.read', request)
      const file = await deps.database.forPharmacy(actor.pharmacyId, async (tx) => {
        const bytes = isStatementNumber(number) ? await readFile(tx, number, kind) : null
        if (bytes !== null)
          await appendEvent(tx, {
            at: deps.clock.now(),
            actor,
            action: 'statement.download',
            outcome: 'done',
            request,
            details: { number, format: kind },
          })
        return bytes
      })
      if (file === null) throw new GatewayError('not-found')
      return { name: nameOf(number, kind), type: types[kind], bytes: file }
    },
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

function readableOf(offered: readonly Readable[]): readonly Readable[] {
  return offered.filter(({ role }) => roleMay(role, 'statement.read')).slice(0, groupMax)
}

function sumsOf(days: readonly ChargedDay[]): { receipts: number; netCents: number } {
  return {
    receipts: days.reduce((sum, { count }) => sum + count, 0),
    netCents: days.reduce((sum, { count, unitCents }) => sum + count * unitCents, 0),
  }
}

function nameOf(number: string, kind: FileKind): string {
  if (kind === 'manifest') return `${number}.manifest.json`
  return kind === 'signature' ? `${number}.manifest.jws` : fileName(number, kind)
}

async function readFile(tx: Parameters<typeof findFile>[0], number: string, kind: FileKind): Promise<Uint8Array | null> {
  if (kind !== 'manifest' && kind !== 'signature') return findFile(tx, { number, format: kind })
  const seal = await findSeal(tx, number)
  return seal && new TextEncoder().encode(kind === 'manifest' ? seal.manifest : seal.signature)
}
