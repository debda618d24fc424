/** Billing as pages see it, over invented statements in memory. */
import type { GroupView, StatementDesk, StatementSummary } from '../../src/actions/statements/desk.ts'
import type { Readable } from '../../src/actions/statements/group-desk.ts'
import { ok } from '../../src/base/result.ts'
import { GatewayError } from '../../src/domain/errors.ts'
import { type ChargedDay, creditableOf, draftCreditNote, type Statement } from '../../src/domain/statement.ts'
import { mixedDays, octoberDays, sampleCreditNote, sampleInvoice } from '../support/sample-statements.ts'

const summaryOf = (statement: Statement, sealed = true): StatementSummary => ({
  ...{
    number: statement.number,
    kind: statement.kind,
    month: statement.month,
    issuedOn: statement.issuedOn,
    dueOn: statement.dueOn,
  },
  ...{
    netCents: statement.netCents,
    vatCents: statement.vatCents,
    grossCents: statement.grossCents,
    demonstration: true,
    sealed,
  },
  credits: statement.credited?.number ?? null,
  receipts: statement.lines.reduce((sum, line) => sum + line.count, 0),
})

export function sampleDesk(): StatementDesk & { readonly issued: unknown[] } {
  const invoice = sampleInvoice()
  const mixed = sampleInvoice({ days: mixedDays }, 11)
  const statements = [summaryOf(sampleCreditNote()), summaryOf(invoice), summaryOf(mixed, false)]
  const days = octoberDays.slice(0, 23).map((one) => ({ ...one, day: one.day.replace('-10-', '-11-') }))
  const receipts = days.reduce((sum, one) => sum + one.count, 0)
  const issued: unknown[] = []
  const find = (number: string) => {
    if (number !== invoice.number) throw new GatewayError('not-found')
    return { statement: invoice, notes: [], left: creditableOf(invoice, []) }
  }
  return {
    issued,
    viewBilling: async (actor, offered) => ({
      current: { month: '2026-11', today: '2026-11-23', days, receipts, netCents: receipts * 100 },
      statements,
      mayCredit: actor.role === 'group-admin',
      hasGroup: offered.length > 1,
    }),
    viewGroup: async (_actor, offered, { page }) => sampleGroup(offered, page, { days, statements }),
    openGroupFile: async (_actor, offered, { finess, number, kind }) => {
      if (!offered.some((one) => one.finess === finess)) throw new GatewayError('not-found')
      find(number)
      return { name: `${number}.${kind}`, type: 'application/pdf', bytes: new Uint8Array([1, 2, 3]) }
    },
    openFile: async (_actor, { number, kind }) => {
      find(number)
      return { name: `${number}.${kind}`, type: 'application/pdf', bytes: new Uint8Array([1, 2, 3]) }
    },
    findCreditable: async (_actor, number) => find(number),
    previewCredit: async (_actor, { number, items, reason }) => {
      const { statement: original } = find(number)
      if (reason.trim().length < 3) return { ok: false, problem: 'reason-bad' }
      return draftCreditNote({ original, earlier: [], items, reason, issuedOn: '2026-11-23' })
    },
    issueCredit: async (_actor, credit) => {
      issued.push(credit)
      return ok(sampleCreditNote())
    },
  }
}

/** More pharmacies than a page holds stand behind those that are offered: only the first page has rows of their own. */
function sampleGroup(
  offered: readonly Pick<Readable, 'pharmacyId' | 'pharmacyName' | 'finess'>[],
  page: number,
  { days, statements }: { readonly days: readonly ChargedDay[]; readonly statements: readonly StatementSummary[] },
): GroupView {
  const receipts = days.reduce((sum, one) => sum + one.count, 0)
  const rows = offered.map(({ pharmacyId, pharmacyName: name, finess }, index) => ({
    ...{ pharmacyId, name, finess, receipts: 500 - index * 420, netCents: 50_000 - index * 42_000 },
    statements: index === 0 ? statements : [],
    olderCount: index === 0 ? 3 : 0,
  }))
  return {
    ...{ month: '2026-11', today: '2026-11-23', receipts, netCents: receipts * 100 },
    days: days.map(({ day, count, unitCents }) => ({ day, count, netCents: count * unitCents })),
    ...{ pharmacyCount: rows.length + 20, page: Math.min(Math.max(1, page), 2), pages: 2, firstPlace: page > 1 ? 21 : 1, rows },
  }
}
