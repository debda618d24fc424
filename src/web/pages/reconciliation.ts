/** « Rapprochement »: a day held against what a destination says it holds, and for each difference what a person may do. */
import { html } from 'hono/html'
import type {
  AskProblem,
  DifferenceRow,
  ReconciliationDesk,
  ReconciliationDetail,
  ReconciliationsView,
  ReconciliationView,
} from '../../actions/reconciliation-desk.ts'
import type { SessionView } from '../../auth/auth.ts'
import { reconciliationProblems } from '../../domain/reconciliation.ts'
import { type Role, roleMay } from '../../domain/roles.ts'
import type { ActorVisit, Form, Route } from '../../http/route.ts'
import { frenchDate, frenchDateTime, frenchLongDate } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice, stateBadge } from '../parts.ts'
import { text } from '../text-fr.ts'
import {
  askProblemText,
  proposalText,
  reconciliationProblemText,
  reconciliationStateText,
  reconciliationText as words,
} from '../text-fr-reconciliation.ts'
import { spaced } from '../text-fr-stopped.ts'

export type ReconciliationDeps = { readonly frame: Frame; readonly reconciliations: ReconciliationDesk }

const root = '/rapprochement'

export function reconciliationRoutes(deps: ReconciliationDeps): readonly Route[] {
  return [
    { method: 'GET', path: root, access: 'ledger.read', handle: (visit) => show(deps, visit) },
    {
      method: 'POST',
      path: root,
      access: 'ledger.reconcile',
      fields: ['destination', 'day', 'list'],
      holdsForm: true,
      handle: (visit) => ask(deps, visit),
    },
    { method: 'GET', path: `${root}/:id`, access: 'ledger.read', handle: (visit) => showOne(deps, visit) },
    {
      method: 'POST',
      path: `${root}/:id/traiter`,
      access: 'ledger.reconcile',
      fields: ['differenceId'],
      handle: (visit) => handle(deps, visit),
    },
  ]
}

async function show(
  { frame, reconciliations }: ReconciliationDeps,
  { c, actor, session, request }: ActorVisit,
): Promise<Response> {
  const view = await reconciliations.list(actor, request)
  return c.html(listPage(frame, { view, session, form: {}, problem: null }))
}

async function ask({ frame, reconciliations }: ReconciliationDeps, visit: ActorVisit): Promise<Response> {
  const { c, actor, session, request, form } = visit
  const { destination = '', day = '', list = '' } = form
  const asked = await reconciliations.ask(actor, { destination, day, list }, request)
  if (asked.ok) return c.redirect(`${root}/${asked.value.id}`, 303)
  const view = await reconciliations.list(actor, request)
  return c.html(listPage(frame, { view, session, form, problem: asked.problem }), 422)
}

async function showOne(deps: ReconciliationDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const found = await deps.reconciliations.find(actor, c.req.param('id') ?? '', request)
  return c.html(detailPage(deps.frame, found, { session, role: actor.role }))
}

async function handle({ reconciliations }: ReconciliationDeps, { c, actor, request, form }: ActorVisit): Promise<Response> {
  const reconciliationId = c.req.param('id') ?? ''
  await reconciliations.handle(actor, { reconciliationId, differenceId: form['differenceId'] ?? '' }, request)
  return c.redirect(`${root}/${reconciliationId}`, 303)
}

type ListPage = {
  readonly view: ReconciliationsView
  readonly session: SessionView
  readonly form: Form
  readonly problem: AskProblem | null
}

function listPage(frame: Frame, { view, session, form, problem }: ListPage): Html {
  const body = html`<p class="back"><a href="/grand-livre">${words.back}</a></p>
<h1>${words.title}</h1>
<p class="lead">${words.lead}</p>
${view.mayAsk ? askForm(view, form, problem) : nothing}
<section><h2>${words.recent}</h2>
${view.recent.length === 0 ? html`<p class="empty">${words.none}</p>` : html`<ul class="groups">${view.recent.map(recentCard)}</ul>`}</section>`
  return layout(frame, { title: words.title, session, here: 'ledger', body })
}

function askForm({ destinations, newestDay }: ReconciliationsView, form: Form, problem: AskProblem | null): Html {
  const options = destinations.map(
    ({ id, label, canBeAsked }) =>
      html`<option value="${id}"${form['destination'] === id ? html` selected` : nothing}>${label}${canBeAsked ? nothing : words.needsList}</option>`,
  )
  return html`<form method="post" action="${root}" class="card reconcile-form">
${problem === null ? nothing : html`<div id="champ-probleme">${notice('bad', askProblemText[problem])}</div>`}
<div class="field"><label for="champ-destination">${words.destination}</label><select id="champ-destination" name="destination">${options}</select></div>
<div class="field"><label for="champ-day">${words.day}</label><input id="champ-day" name="day" type="date" required max="${newestDay}" value="${form['day'] ?? newestDay}"></div>
<div class="field field-full"><label for="champ-list">${words.list}</label> <span class="hint" id="champ-list-aide">${words.listHint}</span>
<textarea id="champ-list" name="list" rows="3" autocomplete="off" spellcheck="false" aria-describedby="champ-list-aide">
${form['list'] ?? ''}</textarea></div>
<p class="buttons"><button class="button" type="submit" data-busy="${text.capture.busyButton}">${words.start}</button></p>
</form>`
}

function summary({ state, agreed, differing }: ReconciliationView): string {
  return state === 'done' ? words.result(agreed, differing) : reconciliationStateText[state]
}

function recentCard(one: ReconciliationView): Html {
  return html`<li><h3><a href="${root}/${one.id}">${words.open(frenchDate(one.day), one.destinationLabel)}</a></h3>
<p>${summary(one)}</p><p class="hint">${words.requestedAt(frenchDateTime(one.requestedAt))}</p></li>`
}

type Visitor = { readonly session: SessionView; readonly role: Role }

function detailPage(frame: Frame, found: ReconciliationDetail, visitor: Visitor): Html {
  const body = html`<p class="back"><a href="${root}">${words.backToList}</a></p>
<h1>${words.titleOf(frenchLongDate(found.day))}</h1>
<p class="lead">${found.destinationLabel}, ${found.byList ? words.byList : words.byAsking}, ${words.requestedAt(frenchDateTime(found.requestedAt))}</p>
${outcome(found)}
${reconciliationProblems.map((problem) => problemSection(found, problem, visitor))}`
  return layout(frame, { title: words.title, session: visitor.session, here: 'ledger', body })
}

function outcome(found: ReconciliationDetail): Html {
  const { id, state, agreed, differing, differences } = found
  if (state === 'waiting')
    return html`${notice('wait', words.waiting)}<p><a class="button secondary" href="${root}/${id}">${words.refresh}</a></p>`
  if (state === 'failed') return notice('bad', words.failed)
  if (differing === 0) return notice('good', `${words.allAgrees} ${words.result(agreed, differing)}.`)
  return html`${notice('wait', `${words.result(agreed, differing)}.`)}${differences.length < differing ? html`<p class="hint">${words.more(differences.length, differing)}</p>` : nothing}`
}

function problemSection(found: ReconciliationDetail, problem: (typeof reconciliationProblems)[number], { role }: Visitor): Html {
  const those = found.differences.filter((one) => one.problem === problem)
  const [first] = those
  if (!first) return nothing
  const retries = first.proposal === 'send-again' && roleMay(role, 'declaration.retry')
  return html`<section class="rows differences"><h2>${reconciliationProblemText[problem]} <span class="count">${spaced(those.length)}</span></h2>
<p><strong>${words.whatToDo}\u00a0:</strong> ${proposalText[first.proposal]}</p>
${retries ? html`<p><a class="button secondary" href="/a-reprendre">${words.toStopped}</a></p>` : nothing}
<ul>${those.map((one) => differenceRow(found, one, role))}</ul></section>`
}

function differenceRow(found: ReconciliationDetail, one: DifferenceRow, role: Role): Html {
  const now = one.stateNow === 'claimed' ? 'queued' : one.stateNow
  return html`<li><div class="row-plain difference"><span class="row-name"><code><span class="sr">${words.controlId} </span>${one.controlId}</code></span>
<span class="row-state">${now === null ? nothing : stateBadge(now)}</span><span class="difference-do">${stepOf(found, one, role)}</span></div></li>`
}

/** Another action has settled it where it stands elsewhere now than when it was compared. */
function stepOf(found: ReconciliationDetail, one: DifferenceRow, role: Role): Html | string {
  if (one.handled) return html`<span class="ledger-good">✓ ${words.handled}</span>`
  if (one.declarationId !== null && one.state !== one.stateNow) return html`<span class="ledger-good">✓ ${words.changed}</span>`
  const screening =
    one.screeningId !== null && roleMay(role, 'screening.read')
      ? html`<a href="/depistages/${one.screeningId}">${words.openScreening}<span class="sr"> ${one.controlId}</span></a>`
      : nothing
  switch (one.proposal) {
    case 'mark-received':
      return roleMay(role, 'declaration.retry')
        ? html`<a href="/depistages/${one.screeningId}/constater/${one.declarationId}">${words.mark}<span class="sr"> ${one.controlId}</span></a>`
        : screening
    case 'ask-them':
    case 'cancel-there':
      return found.mayHandle
        ? html`${screening}<form method="post" action="${root}/${found.id}/traiter"><button class="quiet" type="submit" name="differenceId" value="${one.id}">${words.handle}<span class="sr">${words.handleOf(one.controlId)}</span></button></form>`
        : screening
    case 'send-again':
    case 'wait':
    case 'ask-later':
      return screening
  }
}
