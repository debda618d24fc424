/** Billing of one pharmacy: the month under way, and past statements with their files. */
import { html } from 'hono/html'
import type { BillingView, MonthToDate, StatementDesk, StatementSummary } from '../../actions/statements/desk.ts'
import type { SessionView } from '../../auth/auth.ts'
import { parisMonthBounds } from '../../domain/tariff.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { dayChart } from '../billing-chart.ts'
import { frenchDate } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { answerFile, fileWanted, statementTable } from '../statement-files.ts'
import { frenchCount, frenchEuros, frenchMonth, billingText as words } from '../text-fr-billing.ts'

export type BillingDeps = { readonly frame: Frame; readonly statements: StatementDesk }

const root = '/facturation'

export function billingRoutes(deps: BillingDeps): readonly Route[] {
  return [
    { method: 'GET', path: '/facturation', access: 'statement.read', handle: (visit) => showBilling(deps, visit) },
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

async function sendFile({ statements }: BillingDeps, visit: ActorVisit): Promise<Response> {
  return answerFile(visit, await statements.openFile(visit.actor, fileWanted(visit), visit.request))
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
${view.statements.length === 0 ? html`<p class="hint">${words.none}</p>` : statementTable(root, view.statements, (one) => creditLink(one, view.mayCredit))}
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

function creditLink({ number, kind }: StatementSummary, mayCredit: boolean): Html {
  if (!mayCredit || kind === 'credit-note') return nothing
  return html`<a class="sub" href="${root}/${number}/avoir" aria-label="${words.creditOf(number)}">${words.credit}</a>`
}
