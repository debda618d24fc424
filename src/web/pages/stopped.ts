/** What has stopped and waits for a person: by reason, so that many can be decided at once, then one by one. */
import { html } from 'hono/html'
import type { Actions } from '../../actions/actions.ts'
import type { RetryBatchView, StoppedGroup, StoppedItem, StoppedList } from '../../actions/views.ts'
import type { SessionView } from '../../auth/auth.ts'
import { parisDay } from '../../domain/paris-time.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { frenchDate, frenchDateTime, patientName } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, stateBadge } from '../parts.ts'
import { text } from '../text-fr.ts'
import { failureText } from '../text-fr-failures.ts'
import { batchStateText, stoppedText as words } from '../text-fr-stopped.ts'

export type StoppedDeps = { readonly frame: Frame; readonly actions: Pick<Actions, 'listStopped'> }

export function stoppedRoutes(deps: StoppedDeps): readonly Route[] {
  return [{ method: 'GET', path: '/a-reprendre', access: 'declaration.retry', handle: (visit) => show(deps, visit) }]
}

async function show(deps: StoppedDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const asked = c.req.query('page') ?? '1'
  const page = /^\d{1,5}$/.test(asked) ? Number(asked) : 1
  const list = await deps.actions.listStopped(actor, { page }, request)
  return c.html(stoppedPage(deps.frame, list, session))
}

function stoppedPage(frame: Frame, list: StoppedList, session: SessionView): Html {
  const held = session.actor ? (frame.standing(session.actor.pharmacyId)?.held ?? 0) : 0
  const body = html`<h1>${words.heading}</h1>
${list.total === 0 ? html`<p class="empty">${words.empty}</p>` : html`<p class="lead">${words.lead}</p>`}
${list.total === 0 || held === 0 ? nothing : html`<p class="hint">${words.held(held)}</p>`}
${list.batches.length === 0 ? nothing : html`<section><h2>${words.batches}</h2><ul class="groups">${list.batches.map(batchLine)}</ul></section>`}
${list.total === 0 ? nothing : html`<section><h2>${words.groups}</h2><ul class="groups">${list.groups.map(groupCard)}</ul></section>`}
${list.items.length === 0 ? nothing : html`<section class="rows"><h2>${words.one} <span class="count">${list.total}</span></h2><ul>${list.items.map(itemRow)}</ul>${pager(list)}</section>`}`
  return layout(frame, { title: words.title, session, here: 'stopped', body })
}

export function whyText(code: StoppedGroup['code']): { readonly what: string; readonly mend: string } | null {
  return code === null ? null : failureText[code]
}

function groupCard(group: StoppedGroup): Html {
  const why = whyText(group.code)
  return html`<li>
<h3>${words.group(group.count, group.state)}, ${group.destinationLabel}${group.assumedFormat ? html` <span class="assumed">${text.assumedFormat}</span>` : nothing}</h3>
${why ? html`<p>${why.what}</p><p><strong>${text.receipt.mend}\u00a0:</strong> ${why.mend}</p>` : nothing}
${group.doubtful > 0 ? html`<p class="problem">${words.doubtful(group.doubtful)}</p>` : nothing}
${group.oldest ? html`<p class="hint">${words.since(frenchDate(parisDay(group.oldest)))}</p>` : nothing}
${group.configured ? retryLink(group) : html`<p class="problem">${words.notConfigured}</p>`}
</li>`
}

function retryLink(group: StoppedGroup): Html {
  const query = new URLSearchParams({
    destination: group.destination,
    etat: group.state,
    ...(group.code ? { motif: group.code } : {}),
  })
  return html`<p><a class="button secondary" href="/a-reprendre/renvoyer?${query.toString()}">${words.retryGroup}<span class="sr">${words.retryGroupOf(words.group(group.count, group.state))}</span></a></p>`
}

function itemRow(item: StoppedItem): Html {
  return html`<li><a href="/depistages/${item.screeningId}">
<span class="row-name"><strong>${patientName(item)}</strong><span>${text.list.bornOn(frenchDate(item.birthDate))}</span></span>
<span class="row-results">${item.destinationLabel}</span>
<span class="row-time">${item.stoppedAt ? words.stoppedAt(frenchDateTime(item.stoppedAt)) : nothing}</span>
<span class="row-state">${stateBadge(item.state)}${item.code === null ? nothing : html`<span class="row-note">${failureText[item.code].what}</span>`}</span>
</a></li>`
}

function batchLine(batch: RetryBatchView): Html {
  return html`<li><h3>${batchStateText[batch.state]}${batch.destinationLabel === null ? nothing : html`, ${batch.destinationLabel}`}</h3>
<p>${words.batch(batch.released, batch.chosen)}. ${words.requestedAt(frenchDateTime(batch.requestedAt))}</p>
<p><a href="/a-reprendre/lots/${batch.batchId}">${words.follow}</a></p></li>`
}

function pager({ page, pages }: StoppedList): Html {
  if (pages === 1) return nothing
  const link = (to: number, label: string) => html`<a href="/a-reprendre?page=${to}">${label}</a>`
  return html`<p class="pages">${page > 1 ? link(page - 1, words.previous) : nothing}<span>${words.page(page, pages)}</span>${page < pages ? link(page + 1, words.next) : nothing}</p>`
}
