/** The day's screenings: what waits for a person first, then everything, newest first. */
import { html } from 'hono/html'
import type { Actions } from '../../actions/actions.ts'
import type { Progress, ScreeningList, ScreeningSummary } from '../../actions/views.ts'
import type { SessionView } from '../../auth/auth.ts'
import type { Clock } from '../../base/clock.ts'
import { GatewayError } from '../../domain/errors.ts'
import { isParisDay, parisDay } from '../../domain/paris-time.ts'
import { type Role, roleMay } from '../../domain/roles.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { frenchDate, frenchLongDate, frenchTime, patientName, shiftDay } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice, stateBadge } from '../parts.ts'
import { text } from '../text-fr.ts'
import { analyteShortText, progressPluralText, resultText } from '../text-fr-codes.ts'
import { changeText } from '../text-fr-corrections.ts'

export type DayListDeps = { readonly frame: Frame; readonly actions: Pick<Actions, 'listScreenings'>; readonly clock: Clock }

export function dayListRoutes(deps: DayListDeps): readonly Route[] {
  return [{ method: 'GET', path: '/depistages', access: 'screening.read', handle: (visit) => show(deps, visit) }]
}

async function show(deps: DayListDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const today = parisDay(deps.clock.now())
  const asked = c.req.query('jour')
  if (asked !== undefined && !(asked.startsWith('20') && isParisDay(asked))) throw new GatewayError('bad-request')
  const list = await deps.actions.listScreenings(actor, asked ?? today, request)
  return c.html(dayListPage(deps.frame, { list, today, session, role: actor.role }))
}

type DayListPage = { readonly list: ScreeningList; readonly today: string; readonly session: SessionView; readonly role: Role }

const progressOrder: readonly Progress[] = ['draft', 'rejected', 'parked', 'queued', 'sent', 'received', 'accepted', 'cancelled']

function dayListPage(frame: Frame, { list, today, session, role }: DayListPage): Html {
  const words = text.list
  const isToday = list.day === today
  const drafts = list.items.filter((item) => item.progress === 'draft')
  const stopped = list.items.filter((item) => item.progress === 'rejected' || item.progress === 'parked')
  const others = list.items.filter((item) => !drafts.includes(item) && !stopped.includes(item))
  const maySign = roleMay(role, 'screening.sign')
  const body = html`<div class="list-head">
<h1>${isToday ? words.headingToday : words.headingDay(frenchLongDate(list.day))}</h1>
${roleMay(role, 'screening.draft') ? html`<a class="button" href="/depistages/nouveau">${text.newScreening}</a>` : nothing}
</div>
${dayChooser(list.day, today)}
${counts(list.items)}
${list.truncated ? notice('wait', words.truncated) : nothing}
${list.items.length === 0 ? html`<p class="empty">${words.empty}</p>` : nothing}
${section(maySign ? words.toSign : words.toSignByPharmacist, drafts, (item) => (maySign ? `/depistages/${item.screeningId}/signer` : pathOf(item)))}
${section(words.toHandle, stopped, pathOf)}
${section(words.others, others, pathOf)}`
  return layout(frame, { title: words.title, session, here: 'today', body })
}

const pathOf = (item: ScreeningSummary) => `/depistages/${item.screeningId}`

function dayChooser(day: string, today: string): Html {
  const words = text.list
  const link = (to: string, label: string) => html`<a href="/depistages${to === today ? '' : `?jour=${to}`}">${label}</a>`
  return html`<form class="day" method="get" action="/depistages">
${link(shiftDay(day, -1), words.previousDay)}
<label for="jour">${words.goToDay}</label>
<input id="jour" type="date" name="jour" value="${day}" max="${today}">
<button class="button secondary" type="submit">${words.go}</button>
${day < today ? link(shiftDay(day, 1), words.nextDay) : nothing}
</form>`
}

function counts(items: readonly ScreeningSummary[]): Html {
  if (items.length === 0) return nothing
  const parts = progressOrder.flatMap((progress) => {
    const count = items.filter((item) => item.progress === progress).length
    const words = progressPluralText[progress]
    return count === 0
      ? []
      : [html`<li class="count-${progress}"><strong>${count}</strong> ${count === 1 ? words.one : words.many}</li>`]
  })
  return html`<section class="counts" aria-label="${text.list.counts}"><p>${text.list.total(items.length)}</p><ul>${parts}</ul></section>`
}

function section(heading: string, items: readonly ScreeningSummary[], path: (item: ScreeningSummary) => string): Html {
  if (items.length === 0) return nothing
  return html`<section class="rows"><h2>${heading} <span class="count">${items.length}</span></h2><ul>${items.map((item) => row(item, path(item)))}</ul></section>`
}

function row(item: ScreeningSummary, path: string): Html {
  const results = item.results.map(
    ({ analyte, result }) =>
      html`<span class="result result-${result}"><span>${analyteShortText[analyte]}</span> ${resultText[result]}</span>`,
  )
  return html`<li><a href="${path}">
<span class="row-name"><strong>${patientName(item)}</strong><span>${text.list.bornOn(frenchDate(item.birthDate))}</span></span>
<span class="row-results">${results}</span>
<span class="row-time">${text.list.capturedAt(frenchTime(item.capturedAt))}</span>
<span class="row-state">${stateBadge(item.progress)}${item.status === 'cancelled' && item.progress !== 'cancelled' ? html`<span class="row-note">${changeText.listNote}</span>` : nothing}</span>
</a></li>`
}
