/** Saying that the destination holds a stopped declaration: what follows, the reason, and a button that cannot be undone. */
import { html } from 'hono/html'
import type { Actions } from '../../actions/actions.ts'
import type { DeclarationView, ScreeningView } from '../../actions/views.ts'
import { isId } from '../../base/ids.ts'
import { GatewayError } from '../../domain/errors.ts'
import { mayBeReceived } from '../../domain/stopped.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { patientName } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, notice } from '../parts.ts'
import { type ReasonState, reasonField } from '../reason-field.ts'
import { text } from '../text-fr.ts'
import { stoppedText as words } from '../text-fr-stopped.ts'

export type MarkReceivedDeps = { readonly frame: Frame; readonly actions: Pick<Actions, 'getScreening' | 'markReceived'> }

const path = '/depistages/:id/constater/:declarationId'
const access = 'declaration.retry' as const

export function markReceivedRoutes(deps: MarkReceivedDeps): readonly Route[] {
  return [
    { method: 'GET', path, access, handle: (visit) => show(deps, visit) },
    { method: 'POST', path, access, fields: ['reason'], holdsForm: true, handle: (visit) => mark(deps, visit) },
  ]
}

async function show(deps: MarkReceivedDeps, visit: ActorVisit): Promise<Response> {
  const found = await find(deps, visit)
  return visit.c.html(markPage(deps.frame, visit, { ...found, reason: { typed: '', problem: null, focus: true } }))
}

async function mark(deps: MarkReceivedDeps, visit: ActorVisit): Promise<Response> {
  const { c, actor, form, request } = visit
  const typed = form['reason'] ?? ''
  const ids = { screeningId: c.req.param('id') ?? '', declarationId: c.req.param('declarationId') ?? '' }
  const done = await deps.actions.markReceived(actor, { ...ids, reason: typed }, request)
  if (done.ok) return c.redirect(`/depistages/${ids.screeningId}`, 303)
  const found = await find(deps, visit)
  const reason = { typed, problem: done.problem, focus: true }
  return c.html(markPage(deps.frame, visit, { ...found, reason }), 422)
}

type Found = { readonly screening: ScreeningView; readonly declaration: DeclarationView }

/** `not-found` where it is no declaration of this screening. */
async function find(deps: MarkReceivedDeps, { c, actor, request }: ActorVisit): Promise<Found> {
  const id = c.req.param('id') ?? ''
  if (!isId(id)) throw new GatewayError('not-found')
  const screening = await deps.actions.getScreening(actor, id, request)
  const declaration = screening.declarations.find((one) => one.declarationId === c.req.param('declarationId'))
  if (!declaration) throw new GatewayError('not-found')
  return { screening, declaration }
}

/** What is stated of a cancellation is that the destination knows, not that it holds something. */
function wordsFor({ kind }: DeclarationView) {
  return kind === 'cancellation'
    ? {
        title: words.markCancellationTitle,
        lead: words.markCancellationLead,
        follows: words.markCancellationFollows,
        hint: words.markCancellationReasonHint,
        button: words.markCancellationButton,
      }
    : {
        title: words.markTitle,
        lead: words.markLead,
        follows: words.markFollows,
        hint: words.markReasonHint,
        button: words.markButton,
      }
}

function markPage(frame: Frame, { session }: ActorVisit, page: Found & { readonly reason: ReasonState }): Html {
  const { screening, declaration, reason } = page
  const { state, configured } = declaration
  const open = state === 'parked' || state === 'rejected' || (state === 'queued' && mayBeReceived(state, configured))
  const said = wordsFor(declaration)
  const back = html`<a class="button secondary" href="/depistages/${screening.screeningId}">${text.receipt.title}</a>`
  const form = html`<form method="post" action="/depistages/${screening.screeningId}/constater/${declaration.declarationId}">
<p class="lead">${said.lead(declaration.destinationLabel)}</p>
<p>${patientName(screening.patient)}, <code>${declaration.controlId}</code></p>
<ul class="points">${said.follows.map((line) => html`<li>${line}</li>`)}</ul>
${reasonField(reason, said.hint)}
<p class="buttons"><button class="button" type="submit" data-busy="${text.capture.busyButton}">${said.button}</button> ${back}</p>
</form>`
  const body = html`<div class="narrow"><h1>${said.title}</h1>${open ? form : html`${notice('wait', words.markConflict)}<p>${back}</p>`}</div>`
  return layout(frame, { title: said.title, session, here: 'stopped', body })
}
