/** « Grand livre »: the last days or a month with their sums, what the month has cost, and one day down to the transmissions that differ. */
import { html } from 'hono/html'
import type { Actions } from '../../actions/actions.ts'
import type { LedgerDayDetail, LedgerItemView, LedgerLineView, LedgerView } from '../../actions/views.ts'
import type { SessionView } from '../../auth/auth.ts'
import type { LedgerCounts } from '../../domain/ledger.ts'
import { roleMay } from '../../domain/roles.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { frenchDate, frenchLongDate } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, stateBadge } from '../parts.ts'
import { frenchMonth } from '../text-fr-billing.ts'
import { euros, ledgerProblemText, ledgerRuleText, ledgerText as words } from '../text-fr-ledger.ts'
import { reconciliationText } from '../text-fr-reconciliation.ts'
import { spaced } from '../text-fr-stopped.ts'

export type LedgerDeps = { readonly frame: Frame; readonly actions: Pick<Actions, 'getLedger' | 'getLedgerDay'> }

export function ledgerRoutes(deps: LedgerDeps): readonly Route[] {
  return [
    { method: 'GET', path: '/grand-livre', access: 'ledger.read', handle: (visit) => show(deps, visit) },
    { method: 'GET', path: '/grand-livre/:day', access: 'ledger.read', handle: (visit) => showDay(deps, visit) },
  ]
}

async function show(deps: LedgerDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const month = c.req.query('mois') ?? null
  return c.html(ledgerPage(deps.frame, await deps.actions.getLedger(actor, { month }, request), session))
}

async function showDay(deps: LedgerDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const day = await deps.actions.getLedgerDay(actor, c.req.param('day') ?? '', request)
  return c.html(dayPage(deps.frame, day, { session, opens: roleMay(actor.role, 'screening.read') }))
}

function ledgerPage(frame: Frame, ledger: LedgerView, session: SessionView): Html {
  const { days, total, wholeMonth, month } = ledger
  const heading = wholeMonth ? words.headingMonth(frenchMonth(month)) : words.heading
  const body = html`<h1>${heading}</h1>
<p class="lead">${words.lead}</p>
${monthLinks(ledger)}
${days.length === 0 ? html`<p class="empty">${wholeMonth ? words.emptyMonth(frenchMonth(month)) : words.empty}</p>` : verdict(total.balanced)}
<p><a href="/rapprochement">${reconciliationText.link}</a></p>
${chargedSection(ledger)}
${
  days.length === 0
    ? nothing
    : html`<section><h2>${wholeMonth ? words.daysOfMonth : words.days}</h2>${table(
        words.day,
        days.map((day) => ({
          name: html`<a href="/grand-livre/${day.day}">${frenchDate(day.day)}<span class="sr">, ${words.open(frenchLongDate(day.day))}</span></a>`,
          counts: day.counts,
          balanced: day.balanced,
        })),
        { name: words.total, ...total },
      )}</section>`
}`
  return layout(frame, { title: heading, session, here: 'ledger', body })
}

/** Nowhere leads past the month under way, nor before the first signature. */
function monthLinks({ wholeMonth, currentMonth, previousMonth, nextMonth }: LedgerView): Html {
  const link = (month: string, label: string) => html`<a href="/grand-livre?mois=${month}">${label}</a>`
  return html`<nav class="pages no-print" aria-label="${words.months}">
${previousMonth === null ? nothing : link(previousMonth, words.previousMonth(frenchMonth(previousMonth)))}
${nextMonth === null ? nothing : link(nextMonth, words.nextMonth(frenchMonth(nextMonth)))}
${wholeMonth ? html`<a href="/grand-livre">${words.days}</a>` : link(currentMonth, words.currentMonth(frenchMonth(currentMonth)))}
</nav>`
}

function chargedSection({ month, currentMonth, charged }: LedgerView): Html {
  return html`<section class="ledger-month"><h2>${month === currentMonth ? words.month : words.inMonth(frenchMonth(month))}</h2>
<p><strong>${euros(charged.cents)}</strong> ${words.beforeVat}\u00a0: ${words.charged(charged.charges)}${charged.credits > 0 ? html`, ${words.credited(charged.credits)}` : nothing}</p>
<p class="hint">${words.chargedHint}</p></section>`
}

function verdict(balanced: boolean): Html {
  return balanced
    ? html`<p class="ledger-verdict balanced">${words.balancedAll}</p>`
    : html`<p class="ledger-verdict problem" role="alert">${words.differsAll}</p>`
}

type Row = { readonly name: Html | string; readonly counts: LedgerCounts; readonly balanced: boolean }

function table(first: string, rows: readonly Row[], total: Row | null = null): Html {
  return html`<div class="ledger-table" role="region" aria-label="${words.table}" tabindex="0"><table>
<thead><tr><th scope="col">${first}</th>${[words.captured, words.accepted, words.received, words.underWay, words.parked, words.rejected, words.cancelled, words.chargedColumn].map((name) => html`<th scope="col" class="number">${name}</th>`)}<th scope="col">${words.state}</th></tr></thead>
<tbody>${rows.map(tableRow)}</tbody>${total === null ? nothing : html`<tfoot>${tableRow(total)}</tfoot>`}</table></div>`
}

function tableRow({ name, counts, balanced }: Row): Html {
  const number = (count: number, strong = false) =>
    html`<td class="${count === 0 ? 'none' : strong ? 'some' : 'number'}">${spaced(count)}</td>`
  return html`<tr><th scope="row">${name}${balanced ? nothing : html`<span class="ledger-bad narrow-only" aria-hidden="true">✗ ${words.differs}</span>`}</th>
${number(counts.captured)}${number(counts.accepted)}${number(counts.received)}${number(counts.queued + counts.inFlight)}${number(counts.parked, true)}${number(counts.rejected, true)}${number(counts.cancelled)}${number(counts.charged)}
<td>${balanced ? html`<span class="ledger-good">✓ ${words.balanced}</span>` : html`<span class="ledger-bad">✗ ${words.differs}</span>`}</td></tr>`
}

function dayPage(frame: Frame, day: LedgerDayDetail, visitor: { readonly session: SessionView; readonly opens: boolean }): Html {
  // That single items differ is news only where the sums agree.
  const rules = [
    ...new Set(day.lines.flatMap(({ broken }) => (broken.length > 1 ? broken.filter((rule) => rule !== 'items') : broken))),
  ]
  const body = html`<nav class="pages back no-print" aria-label="${words.months}"><a href="/grand-livre">${words.back}</a>${day.month === null ? nothing : html`<a href="/grand-livre?mois=${day.month}">${words.backToMonth(frenchMonth(day.month))}</a>`}</nav>
<h1>${frenchLongDate(day.day)}</h1>
${
  day.lines.length === 0
    ? html`<p class="empty">${words.dayEmpty}</p>`
    : html`${verdict(day.balanced)}
${rules.length === 0 ? nothing : html`<ul class="ledger-rules">${rules.map((rule) => html`<li>${ledgerRuleText[rule]}</li>`)}</ul>`}
<section><h2>${words.sums}</h2>${table(words.destination, day.lines.map(lineRow))}</section>
${day.differing.length === 0 ? nothing : html`<section class="rows"><h2>${words.differing} <span class="count">${spaced(day.differing.length)}</span></h2><p>${words.differingLead}</p><ul>${day.differing.map((item) => itemRow(item, visitor.opens))}</ul></section>`}
<section class="rows"><h2>${words.waiting} <span class="count">${spaced(day.open.length)}</span></h2>${day.open.length === 0 ? html`<p>${words.nothingWaiting}</p>` : html`<ul>${day.open.map((item) => itemRow(item, visitor.opens))}</ul>`}</section>`
}`
  return layout(frame, { title: words.dayTitle, session: visitor.session, here: 'ledger', body })
}

function lineRow({ destinationLabel, counts, broken }: LedgerLineView): Row {
  return { name: destinationLabel, counts, balanced: broken.length === 0 }
}

/** Names nobody: the one who may read screenings opens the one behind the line. */
function itemRow(item: LedgerItemView, opens: boolean): Html {
  const inside = html`<span class="row-name"><strong>${item.destinationLabel}</strong><span>${item.problem === null ? nothing : ledgerProblemText[item.problem]}</span></span>
<span class="row-results">${item.screeningId.slice(0, 8)}</span><span class="row-time">${opens ? words.screening : nothing}</span>
<span class="row-state">${item.state === null ? nothing : stateBadge(item.state === 'claimed' ? 'queued' : item.state)}</span>`
  return opens
    ? html`<li><a href="/depistages/${item.screeningId}">${inside}</a></li>`
    : html`<li><div class="row-plain">${inside}</div></li>`
}
