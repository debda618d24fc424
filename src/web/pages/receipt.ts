/** One screening and the way of its declarations: in the queue, sent, acknowledged, or refused with the reason. */
import { html } from 'hono/html'
import type { Actions } from '../../actions/actions.ts'
import { progressOf, standingStates } from '../../actions/list-screenings.ts'
import type { DeclarationView, Progress, ScreeningView } from '../../actions/views.ts'
import type { SessionView } from '../../auth/auth.ts'
import { isId } from '../../base/ids.ts'
import { isTerminal } from '../../domain/declaration.ts'
import { GatewayError } from '../../domain/errors.ts'
import { heldAlready } from '../../domain/failure-codes.ts'
import { type Role, roleMay } from '../../domain/roles.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { frenchExactTime, patientName } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { fact, type Html, nothing, notice, stateBadge } from '../parts.ts'
import { text } from '../text-fr.ts'
import { declarationKindText, progressSentence, progressText } from '../text-fr-codes.ts'
import { cancelledSentence, changeText } from '../text-fr-corrections.ts'
import { failureText } from '../text-fr-failures.ts'
import { stoppedText } from '../text-fr-stopped.ts'
import { actCard, patientCard } from './screening-cards.ts'
import { versionsLink } from './versions.ts'

export type ReceiptDeps = { readonly frame: Frame; readonly actions: Pick<Actions, 'getScreening' | 'retryDeclaration'> }

export function receiptRoutes(deps: ReceiptDeps): readonly Route[] {
  return [
    { method: 'GET', path: '/depistages/:id', access: 'screening.read', handle: (visit) => show(deps, visit) },
    {
      method: 'POST',
      path: '/depistages/:id/renvoyer',
      access: 'declaration.retry',
      fields: ['declarationId'],
      handle: (visit) => resend(deps, visit),
    },
  ]
}

/** Said on the next patient's form about the one before. */
export function savedNotice(screeningId: string): Html {
  const link = html`<a href="/depistages/${screeningId}">${text.capture.previousFollow}</a>`
  return notice('good', html`${text.capture.previousSaved} ${link}`)
}

async function show(deps: ReceiptDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const id = c.req.param('id') ?? ''
  if (!isId(id)) throw new GatewayError('not-found')
  const screening = await deps.actions.getScreening(actor, id, request)
  return c.html(receiptPage(deps.frame, { screening, session, role: actor.role }))
}

async function resend(deps: ReceiptDeps, { c, actor, form, request }: ActorVisit): Promise<Response> {
  const screeningId = c.req.param('id') ?? ''
  await deps.actions.retryDeclaration(actor, { screeningId, declarationId: form['declarationId'] ?? '' }, request)
  return c.redirect(`/depistages/${screeningId}`, 303)
}

type ReceiptPage = { readonly screening: ScreeningView; readonly session: SessionView; readonly role: Role }

export function receiptPage(frame: Frame, { screening, session, role }: ReceiptPage): Html {
  const words = text.receipt
  const body = html`<div class="receipt">
<div class="list-head">
<h1>${patientName(screening.patient)}</h1>
<div class="buttons">
${roleMay(role, 'screening.draft') && screening.status !== 'draft' ? html`<a class="button" href="/depistages/nouveau">${words.next}</a>` : nothing}
${changeButtons(screening, role)}
<button class="button secondary" type="button" data-print hidden>${words.print}</button>
</div>
</div>
<p class="sr" role="status" id="annonce"></p>
${screening.version > 1 && screening.status === 'signed' ? notice('plain', versionsLink(changeText.corrected(screening.version), screening)) : nothing}
${followed(screening, role)}
${past(screening)}
<div class="columns">${patientCard(screening)}${actCard(screening)}</div>
<p class="no-print"><a href="/depistages">${text.backToToday}</a></p>
</div>`
  return layout(frame, { title: words.title, session, body })
}

/** The part that changes while one looks; the script replaces it, a link reloads it without one. */
function followed(screening: ScreeningView, role: Role): Html {
  const words = text.receipt
  const states = standingStates(screening.version, screening.declarations)
  const standing = screening.declarations.filter((declaration) => stands(screening, declaration))
  const progress = progressOf(screening.status, states)
  const live = states.some((state) => !isTerminal(state) && state !== 'parked')
  return html`<section id="suivi" aria-labelledby="titre-suivi" data-summary="${words.updated}\u00a0: ${progressText[progress]}"${live ? html` data-live` : nothing}>
<div class="banner banner-${progress}">
<h2 id="titre-suivi"><span class="sr">${words.state}\u00a0: </span>${stateBadge(progress)}</h2>
<p>${sentenceOf(screening, progress)}</p>
${screening.status === 'cancelled' ? html`<p>${versionsLink('', screening)}</p>` : nothing}
${
  screening.status === 'draft' && roleMay(role, 'screening.sign')
    ? html`<p><a class="button" href="/depistages/${screening.screeningId}/signer">${words.sign}</a></p>`
    : nothing
}
${live ? html`<p class="no-print"><a href="/depistages/${screening.screeningId}">${words.refresh}</a></p>` : nothing}
</div>
${standing.map((declaration) => declarationCard(declaration, offerFor(declaration, screening, role)))}
</section>`
}

/** What a person may do about it, for those who may. */
function offerFor(
  { state, code, kind, declarationId, version, configured }: DeclarationView,
  { screeningId, status, version: screeningVersion }: ScreeningView,
  role: Role,
): Html {
  const correctable = state === 'rejected' && status === 'signed' && roleMay(role, 'screening.correct')
  const correct = correctable
    ? html`<p class="no-print"><a class="button" href="/depistages/${screeningId}/corriger">${changeText.correctAndResend}</a></p>`
    : nothing
  const waitsForNobody = state === 'queued' && !configured
  const stopped = state === 'parked' || waitsForNobody || (state === 'rejected' && version === screeningVersion)
  if (!stopped || !roleMay(role, 'declaration.retry')) return correct
  const words = text.receipt
  const cancels = kind === 'cancellation'
  const mark = html`<a class="button secondary" href="/depistages/${screeningId}/constater/${declarationId}">${cancels ? stoppedText.markCancellation : stoppedText.mark}</a>`
  if (!configured) return html`${correct}${notice('wait', stoppedText.notConfigured)}<p class="buttons no-print">${mark}</p>`
  // Sent as it is it would be refused for the same reason, whatever anybody mends.
  if (code === 'not-expressible') return html`${correct}<p class="buttons no-print">${mark}</p>`
  const rejectedHint = cancels ? stoppedText.retryCancellationHint : stoppedText.retryRejectedHint
  const parkedHint = code === 'retry-budget-spent' ? words.resendSafe : words.resendDoubt
  // Refused because it is there: nothing about it was wrong that could be mended.
  const hint = state === 'rejected' && code !== heldAlready ? rejectedHint : parkedHint
  return html`${correct}<form class="no-print" method="post" action="/depistages/${screeningId}/renvoyer">
<input type="hidden" name="declarationId" value="${declarationId}">
<p class="hint">${hint}</p>
<p class="buttons"><button class="button${correctable ? ' secondary' : ''}" type="submit" data-busy="${text.capture.busyButton}">${state === 'rejected' ? stoppedText.retryRejected : words.resend}</button>
${mark}</p>
</form>`
}

/** Of the newest version, or of an earlier one that still holds it back. */
function stands(screening: ScreeningView, declaration: DeclarationView): boolean {
  return declaration.version === screening.version || !isTerminal(declaration.state)
}

/** What earlier versions came to, folded away; outside of the part that is replaced while one looks. */
function past(screening: ScreeningView): Html {
  const ended = screening.declarations.filter((declaration) => !stands(screening, declaration))
  if (ended.length === 0) return nothing
  return html`<details><summary>${changeText.earlier(ended.length)}</summary>${ended.map((declaration) => declarationCard(declaration))}</details>`
}

function changeButtons({ screeningId, status }: ScreeningView, role: Role): Html {
  if (status !== 'signed' || !roleMay(role, 'screening.correct')) return nothing
  const button = (to: string, label: string) =>
    html`<a class="button secondary" href="/depistages/${screeningId}/${to}">${label}<span class="sr">${changeText.ofThis}</span></a>`
  return html`${button('corriger', changeText.correct)}${button('annuler', changeText.cancel)}`
}

function sentenceOf(screening: ScreeningView, progress: Progress): string {
  if (screening.status === 'superseded') return text.receipt.superseded
  if (screening.status === 'cancelled') return cancelledSentence[progress]
  return progressSentence[progress]
}

function declarationCard(declaration: DeclarationView, offer: Html = nothing): Html {
  const words = text.receipt
  const progress = progressOf('signed', [declaration.state])
  const { receipt } = declaration
  return html`<article class="card declaration">
<h3>${declaration.destinationLabel}${declaration.assumedFormat ? html` <span class="assumed">${text.assumedFormat}</span>` : nothing}${declaration.version > 1 || declaration.kind !== 'original' ? html` <span class="hint">${changeText.versionOf(declaration.version)}</span>` : nothing}</h3>
${steps(declaration.state === 'claimed' ? 'queued' : declaration.state)}
${reason(declaration)}
${offer}
<dl class="facts">
${receipt ? fact(words.receiptReference, receipt.reference === null ? words.noReference : html`<code>${receipt.reference}</code>`) : nothing}
${receipt ? fact(words.receiptTime, frenchExactTime(receipt.receivedAt)) : nothing}
${declaration.attemptCount === 0 ? nothing : fact(words.attempts, String(declaration.attemptCount))}
${progress === 'queued' && declaration.attemptCount > 0 ? fact(words.nextAttempt, frenchExactTime(declaration.dueAt)) : nothing}
${declaration.kind === 'original' ? nothing : fact(words.kind, declarationKindText[declaration.kind])}
${fact(words.createdAt, frenchExactTime(declaration.createdAt))}
${receipt || !declaration.settledAt ? nothing : fact(words.settledAt, frenchExactTime(declaration.settledAt))}
${fact(words.controlId, html`<code>${declaration.controlId}</code>`)}
</dl>
${declaration.assumedFormat ? html`<p class="hint">${text.assumedFormatWhy}</p>` : nothing}
</article>`
}

/** Why it is not through, and what to do; the code stays in sight for whoever is asked for help. */
function reason({ code, location, state }: DeclarationView): Html {
  if (code === null || state === 'accepted') return nothing
  const words = failureText[code]
  return html`<div class="reason reason-${state}">
<p><strong>${text.receipt.reason}\u00a0:</strong> ${words.what}</p>
<p><strong>${text.receipt.mend}\u00a0:</strong> ${words.mend}</p>
${location === null ? nothing : html`<p>${text.receipt.location(location)}</p>`}
</div>`
}

const ways: Record<Exclude<Progress, 'draft'>, { readonly steps: readonly Exclude<Progress, 'draft'>[]; readonly at: number }> = {
  queued: { steps: ['queued', 'sent', 'accepted'], at: 0 },
  sent: { steps: ['queued', 'sent', 'accepted'], at: 1 },
  accepted: { steps: ['queued', 'sent', 'accepted'], at: 2 },
  rejected: { steps: ['queued', 'rejected'], at: 1 },
  parked: { steps: ['queued', 'parked'], at: 1 },
  cancelled: { steps: ['queued', 'cancelled'], at: 1 },
  received: { steps: ['queued', 'received'], at: 1 },
}

function steps(state: Exclude<Progress, 'draft'>): Html {
  const way = ways[state]
  return html`<ol class="way" aria-label="${text.receipt.steps}">${way.steps.map(
    (step, index) =>
      html`<li class="${index < way.at ? 'done' : index === way.at ? `now now-${step}` : 'todo'}"${index === way.at ? html` aria-current="step"` : nothing}>${progressText[step]}</li>`,
  )}</ol>`
}
