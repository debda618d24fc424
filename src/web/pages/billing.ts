/** Billing: the month under way, past statements with their files, and the group at a glance. */
import { html } from 'hono/html'
import type {
  BillingView,
  FileKind,
  GroupView,
  MonthToDate,
  StatementDesk,
  StatementSummary,
} from '../../actions/statements/desk.ts'
import type { SessionView } from '../../auth/auth.ts'
import { GatewayError } from '../../domain/errors.ts'
import { parisMonthBounds } from '../../domain/tariff.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { dayChart, shareBar } from '../billing-chart.ts'
import { frenchDate } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { frenchCount, frenchEuros, frenchMonth, billingText as words } from '../text-fr-billing.ts'

export type BillingDeps = { readonly frame: Frame; readonly statements: StatementDesk }

const fileKinds: Record<string, FileKind> = {
  pdf: 'pdf',
  xml: 'xml',
  csv: 'csv',
  json: 'json',
  empreintes: 'manifest',
  signature: 'signature',
}

export function billingRoutes(deps: BillingDeps): readonly Route[] {
  return [
    { method: 'GET', path: '/facturation', access: 'statement.read', handle: (visit) => showBilling(deps, visit) },
    // Before the files: `groupe` is no number.
    { method: 'GET', path: '/facturation/groupe', access: 'statement.read', handle: (visit) => showGroup(deps, visit) },
    {
      method: 'GET',
      path: '/facturation/:number/fichier/:kind',
      access: 'statement.read',
      handle: (visit) => sendFile(deps, visit),
    },
  ]
}

async function showBilling({ frame, statements }: BillingDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const view = await statements.viewBilling(actor, session.activities, request)
  return c.html(billingPage(frame, { view, session, issued: c.req.query('avoir') ?? null }))
}

async function showGroup({ frame, statements }: BillingDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  return c.html(groupPage(frame, { view: await statements.viewGroup(actor, session.activities, request), session }))
}

/** Saved, never shown in our own origin; `no-store` stands on every answer. */
async function sendFile({ statements }: BillingDeps, { c, actor, request }: ActorVisit): Promise<Response> {
  const kind = fileKinds[c.req.param('kind') ?? '']
  if (!kind) throw new GatewayError('not-found')
  const file = await statements.openFile(actor, { number: c.req.param('number') ?? '', kind }, request)
  return c.body(new Uint8Array(file.bytes), 200, {
    'Content-Type': file.type,
    'Content-Disposition': `attachment; filename="${file.name}"`,
  })
}

type BillingPage = { readonly view: BillingView; readonly session: SessionView; readonly issued: string | null }

function billingPage(frame: Frame, { view, session, issued }: BillingPage): Html {
  const shown = view.statements.find(({ number }) => number === issued)
  const body = html`<h1>${words.title}</h1>
<p class="lead">${words.lead}</p>
${shown ? notice('good', words.issued(shown.number)) : nothing}
${view.hasGroup ? html`<p><a href="/facturation/groupe">${words.toGroup}</a></p>` : nothing}
${currentMonth(view.current)}
<section class="billing-section" aria-labelledby="releves"><h2 id="releves">${words.past}</h2>
${view.statements.length === 0 ? html`<p class="hint">${words.none}</p>` : statementTable(view)}
</section>
<p class="reference">${words.verify}</p>`
  return layout(frame, { title: words.title, session, here: 'billing', body })
}

function currentMonth({ month, today, days, receipts, netCents }: MonthToDate): Html {
  const name = frenchMonth(month)
  const dayCount = Number(parisMonthBounds(month).lastDay.slice(8))
  return html`<section class="card billing-section"><h2>${words.current(name)}</h2>
<dl class="sums"><div><dt>${words.receipts}</dt><dd>${frenchCount(receipts)}</dd></div><div><dt>${words.net}</dt><dd>${frenchEuros(netCents)}</dd></div></dl>
<p class="hint">${words.soFar(frenchDate(today))}</p>
${
  days.length === 0
    ? html`<p class="hint">${words.nothingYet}</p>`
    : html`${dayChart(days, month, dayCount, words.chart(name, frenchCount(receipts)))}
<details><summary>${words.byDay}</summary><div class="table-scroll" tabindex="0" role="region" aria-label="${words.byDay}"><table class="figures">
<thead><tr><th scope="col">${words.day}</th><th scope="col" class="figure">${words.count}</th><th scope="col" class="figure">${words.unit}</th><th scope="col" class="figure">${words.amount}</th></tr></thead>
<tbody>${days.map(
        ({ day, count, unitCents }) =>
          html`<tr><th scope="row">${frenchDate(day)}</th><td class="figure">${frenchCount(count)}</td><td class="figure">${frenchEuros(unitCents)}</td><td class="figure">${frenchEuros(count * unitCents)}</td></tr>`,
      )}</tbody></table></div></details>`
}
</section>`
}

function statementTable({ statements, mayCredit }: BillingView): Html {
  return html`<div class="table-scroll"><table class="figures stacked">
<thead><tr><th scope="col">${words.number}</th><th scope="col">${words.month}</th><th scope="col">${words.issuedOn}</th><th scope="col" class="figure">${words.count}</th><th scope="col" class="figure">${words.amount}</th><th scope="col" class="figure">${words.gross}</th><th scope="col">${words.files}</th></tr></thead>
<tbody>${statements.map((one) => statementRow(one, mayCredit))}</tbody></table></div>`
}

function statementRow(one: StatementSummary, mayCredit: boolean): Html {
  const credit = one.kind === 'credit-note'
  const due = credit ? nothing : html`<span class="sub">${words.dueOn} ${frenchDate(one.dueOn)}</span>`
  return html`<tr>
<th scope="row">${one.number}<span class="sub">${words.kind[one.kind]}${one.credits ? html` ${words.onStatement(one.credits)}` : nothing}</span>${one.demonstration ? html`<span class="sub">${words.demonstration}</span>` : nothing}</th>
<td data-label="${words.month}">${frenchMonth(one.month)}</td>
<td data-label="${words.issuedOn}">${frenchDate(one.issuedOn)}${due}</td>
<td class="figure" data-label="${words.count}">${frenchCount(credit ? -one.receipts : one.receipts)}</td>
<td class="figure" data-label="${words.amount}">${frenchEuros(credit ? -one.netCents : one.netCents)}</td>
<td class="figure" data-label="${words.gross}">${frenchEuros(credit ? -one.grossCents : one.grossCents)}</td>
<td>${one.sealed ? fileLinks(one.number) : html`<span class="hint">${words.preparing}</span>`}${
    mayCredit && !credit
      ? html`<a class="sub" href="/facturation/${one.number}/avoir" aria-label="${words.creditOf(one.number)}">${words.credit}</a>`
      : nothing
  }</td></tr>`
}

function fileLinks(number: string): Html {
  const kinds = [
    ['pdf', words.pdf],
    ['csv', 'CSV'],
    ['xml', 'XML'],
    ['json', 'JSON'],
    ['empreintes', words.proof],
    ['signature', words.signature],
  ] as const
  return html`<ul class="file-links">${kinds.map(
    ([kind, label]) =>
      html`<li><a href="/facturation/${number}/fichier/${kind}" download aria-label="${words.download(label, number)}">${label}</a></li>`,
  )}</ul>`
}

function groupPage(frame: Frame, { view, session }: { view: GroupView; session: SessionView }): Html {
  const total = view.rows.reduce((sum, row) => sum + row.receipts, 0)
  const net = view.rows.reduce((sum, row) => sum + row.netCents, 0)
  const rows = view.rows.map((row) => {
    const last = row.statements.find(({ kind }) => kind === 'invoice')
    return html`<tr><th scope="row">${row.name}<span class="sub">${row.finess}</span></th>
<td class="figure" data-label="${words.count}">${frenchCount(row.receipts)}</td>
<td data-label="${words.share}">${shareBar(row.receipts, total)}</td>
<td class="figure" data-label="${words.amount}">${frenchEuros(row.netCents)}</td>
<td data-label="${words.lastStatement}">${last ? html`${last.number}<span class="sub">${frenchMonth(last.month)}, ${frenchEuros(last.grossCents)}</span>` : '–'}</td></tr>`
  })
  const body = html`<h1>${words.groupTitle}</h1>
<p class="lead">${words.groupLead(frenchMonth(view.month))}</p>
<div class="table-scroll billing-section"><table class="figures stacked">
<thead><tr><th scope="col">${words.pharmacy}</th><th scope="col" class="figure">${words.count}</th><th scope="col">${words.share}</th><th scope="col" class="figure">${words.amount}</th><th scope="col">${words.lastStatement}</th></tr></thead>
<tbody>${rows}</tbody>
<tfoot><tr><th scope="row">${words.total}</th><td class="figure" data-label="${words.count}">${frenchCount(total)}</td><td></td><td class="figure" data-label="${words.amount}">${frenchEuros(net)}</td><td></td></tr></tfoot></table></div>
<p class="billing-section"><a href="/facturation">${words.backToMine}</a></p>`
  return layout(frame, { title: words.groupTitle, session, here: 'billing', body })
}
