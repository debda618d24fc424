/** Billing of a group: the month under way in all its pharmacies, then a page of them, each with its statements and their files. */
import { html } from 'hono/html'
import type { GroupRow, GroupView, StatementDesk } from '../../actions/statements/desk.ts'
import type { SessionView } from '../../auth/auth.ts'
import { parisMonthBounds } from '../../domain/tariff.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { dayChart, shareBar } from '../billing-chart.ts'
import { frenchDate } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing } from '../parts.ts'
import { answerFile, fileLinks, fileWanted, statementTable } from '../statement-files.ts'
import { frenchCount, frenchEuros, frenchMonth, frenchShare, groupText, billingText as words } from '../text-fr-billing.ts'

export type GroupDeps = { readonly frame: Frame; readonly statements: Pick<StatementDesk, 'viewGroup' | 'openGroupFile'> }

const root = '/facturation/groupe'

export function billingGroupRoutes(deps: GroupDeps): readonly Route[] {
  return [
    { method: 'GET', path: root, access: 'statement.read', handle: (visit) => show(deps, visit) },
    {
      method: 'GET',
      path: `${root}/:finess/:number/fichier/:kind`,
      access: 'statement.read',
      handle: (visit) => sendFile(deps, visit),
    },
  ]
}

async function show({ frame, statements }: GroupDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const asked = c.req.query('page') ?? '1'
  const page = /^\d{1,5}$/.test(asked) ? Number(asked) : 1
  return c.html(groupPage(frame, await statements.viewGroup(actor, session.activities, { page }, request), session))
}

async function sendFile({ statements }: GroupDeps, visit: ActorVisit): Promise<Response> {
  const { c, actor, session, request } = visit
  const wanted = { ...fileWanted(visit), finess: c.req.param('finess') ?? '' }
  return answerFile(visit, await statements.openGroupFile(actor, session.activities, wanted, request))
}

function groupPage(frame: Frame, view: GroupView, session: SessionView): Html {
  const body = html`<p class="back"><a href="/facturation">${groupText.back}</a></p>
<h1>${groupText.title}</h1>
<p class="lead">${groupText.lead(view.pharmacyCount)}</p>
${monthCard(view)}
<section class="billing-section" aria-labelledby="officines"><h2 id="officines">${groupText.pharmacies}</h2>
<p class="hint">${groupText.shown(view.firstPlace, view.rows.length, view.pharmacyCount)}</p>
${pharmacyTable(view)}
${pager(view)}
</section>
<p class="reference">${words.verify}</p>`
  return layout(frame, { title: groupText.title, session, here: 'billing', body })
}

function monthCard({ month, today, days, receipts, netCents }: GroupView): Html {
  const name = frenchMonth(month)
  const dayCount = Number(parisMonthBounds(month).lastDay.slice(8))
  return html`<section class="card billing-section"><h2>${words.current(name)}</h2>
<dl class="sums"><div><dt>${words.receipts}</dt><dd>${frenchCount(receipts)}</dd></div><div><dt>${words.net}</dt><dd>${frenchEuros(netCents)}</dd></div></dl>
<p class="hint">${groupText.soFar(frenchDate(today))}</p>
${
  days.length === 0
    ? html`<p class="hint">${words.nothingYet}</p>`
    : html`${dayChart(days, month, dayCount, words.chart(name, frenchCount(receipts)))}
<details><summary>${words.byDay}</summary><div class="table-scroll" tabindex="0" role="region" aria-label="${words.byDay}"><table class="figures">
<thead><tr><th scope="col">${words.day}</th><th scope="col" class="figure">${words.count}</th><th scope="col" class="figure">${words.amount}</th></tr></thead>
<tbody>${days.map(
        ({ day, count, netCents: ofDay }) =>
          html`<tr><th scope="row">${frenchDate(day)}</th><td class="figure">${frenchCount(count)}</td><td class="figure">${frenchEuros(ofDay)}</td></tr>`,
      )}</tbody></table></div></details>`
}
</section>`
}

function pharmacyTable({ rows, receipts, netCents, pharmacyCount }: GroupView): Html {
  return html`<div class="table-scroll"><table class="figures stacked group-table">
<thead><tr><th scope="col">${groupText.pharmacy}</th><th scope="col" class="figure">${words.count}</th><th scope="col">${groupText.share}</th><th scope="col" class="figure">${words.amount}</th><th scope="col">${groupText.lastStatement}</th></tr></thead>
${rows.map((row) => pharmacyRows(row, receipts))}
<tfoot><tr><th scope="row">${groupText.total(pharmacyCount)}</th><td class="figure" data-label="${words.count}">${frenchCount(receipts)}</td><td class="unused"></td><td class="figure" data-label="${words.amount}">${frenchEuros(netCents)}</td><td class="unused"></td></tr></tfoot></table></div>`
}

/** What an accountant takes away most, the newest statement, stands open; the others are folded beneath it. */
function pharmacyRows(row: GroupRow, total: number): Html {
  const files = `${root}/${row.finess}`
  const last = row.statements.find(({ kind }) => kind === 'invoice') ?? null
  const others = row.statements.filter((one) => one !== last)
  return html`<tbody><tr><th scope="row">${row.name}<span class="sub">${groupText.finess(row.finess)}</span></th>
<td class="figure" data-label="${words.count}">${frenchCount(row.receipts)}</td>
<td data-label="${groupText.share}">${frenchShare(row.receipts, total)}${shareBar(row.receipts, total)}</td>
<td class="figure" data-label="${words.amount}">${frenchEuros(row.netCents)}</td>
<td data-label="${groupText.lastStatement}">${last ? html`${last.number}<span class="sub">${groupText.ofMonth(frenchMonth(last.month), frenchEuros(last.grossCents))}</span>${fileLinks(files, last)}` : groupText.noStatement}</td></tr>
${
  others.length === 0
    ? nothing
    : html`<tr class="folded"><td colspan="5"><details><summary>${groupText.others(others.length)}<span class="sr">, ${row.name}</span></summary>${statementTable(files, others)}${row.olderCount > 0 ? html`<p class="hint">${groupText.older(row.olderCount)}</p>` : nothing}</details></td></tr>`
}</tbody>`
}

function pager({ page, pages }: GroupView): Html {
  if (pages === 1) return nothing
  const link = (to: number, label: string) => html`<a href="${root}?page=${to}">${label}</a>`
  return html`<nav class="pages" aria-label="${groupText.pager}">${page > 1 ? link(page - 1, groupText.previous) : nothing}<span>${groupText.page(page, pages)}</span>${page < pages ? link(page + 1, groupText.next) : nothing}</nav>`
}
