/** The pages before a correction or a cancellation: what is changed, what will happen at each destination, and why. */
import { html } from 'hono/html'
import type { ChangePreview, ChangeStep, ScreeningView } from '../../actions/views.ts'
import type { SessionView } from '../../auth/auth.ts'
import type { TestKit } from '../../domain/test-kit.ts'
import { type FormState, problemSummary } from '../fields.ts'
import { frenchDate, frenchDateTime, patientName, personName } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { fact, type Html, nothing } from '../parts.ts'
import { type ReasonState, reasonField, reasonProblemLinks } from '../reason-field.ts'
import { text } from '../text-fr.ts'
import { analyteText, fieldText, resultText } from '../text-fr-codes.ts'
import { changeText, consequenceText } from '../text-fr-corrections.ts'
import { captureCards } from './capture-form.ts'

export type ChangePage = {
  readonly session: SessionView
  readonly screeningId: string
  /** The version that the person reads on this page, or started from. */
  readonly version: number
  readonly idempotencyKey: string
  readonly reason: ReasonState
  /** Null where it could not be read just now: what was typed is shown all the same. */
  readonly preview: ChangePreview | null
  /** Above the form, where something is to be said first. */
  readonly notice: Html
}

export function correctPage(
  frame: Frame,
  page: ChangePage & { readonly state: FormState; readonly testKits: readonly TestKit[] },
): Html {
  const { state, reason } = page
  const wrong = reasonProblemLinks(reason)
  const body = html`<div class="form-page">
<h1>${changeText.correctTitle}</h1>
<p class="lead">${changeText.correctLead}</p>
${page.notice}
${problemSummary(state, wrong)}
<p class="hint">${text.capture.requiredLegend}</p>
<form method="post" action="/depistages/${page.screeningId}/corriger" autocomplete="off" novalidate>
${hiddenFields(page)}
${captureCards(state, page.testKits)}
${whyCard(changeText.correctWhy, reason)}
${whatHappens(page.preview)}
${buttons(page, changeText.correctButton, 'button')}
</form>
</div>`
  return answer(frame, page, changeText.correctTitle, state.problems.size + wrong.length > 0, body)
}

export function cancelPage(frame: Frame, page: ChangePage): Html {
  const wrong = reasonProblemLinks(page.reason)
  const noFields: FormState = { values: {}, problems: new Map(), focus: null }
  const body = html`<div class="form-page">
<h1>${changeText.cancelTitle}</h1>
<p class="lead">${changeText.cancelLead}</p>
${page.notice}
${problemSummary(noFields, wrong)}
${page.preview ? summaryCard(page.preview.screening) : nothing}
<form method="post" action="/depistages/${page.screeningId}/annuler" autocomplete="off" novalidate>
${hiddenFields(page)}
${whatHappens(page.preview, changeText.cancelFinal)}
${whyCard(changeText.cancelWhy, page.reason)}
${buttons(page, changeText.cancelButton, 'button danger')}
</form>
</div>`
  return answer(frame, page, changeText.cancelTitle, wrong.length > 0, body)
}

/** Nothing is in force that could be changed: what happened, and what to do. */
export function conflictPage(frame: Frame, session: SessionView, screening: ScreeningView): Html {
  const [what, todo] =
    screening.status === 'cancelled'
      ? [changeText.conflictCancelled, changeText.conflictCancelledTodo]
      : screening.status === 'draft'
        ? [changeText.conflictDraft, changeText.conflictDraftTodo]
        : [changeText.conflictOther, changeText.conflictOtherTodo]
  const body = html`<div class="narrow">
<h1>${changeText.conflictTitle}</h1>
<p class="lead">${what}</p>
<p>${todo}</p>
<p><a class="button" href="/depistages/${screening.screeningId}">${changeText.see}</a></p>
</div>`
  return layout(frame, { title: changeText.conflictTitle, session, body })
}

function answer(frame: Frame, page: ChangePage, title: string, wrong: boolean, body: Html): Html {
  return layout(frame, { title: wrong ? `${text.titleError}${title}` : title, session: page.session, body })
}

function hiddenFields({ idempotencyKey, version }: ChangePage): Html {
  return html`<input type="hidden" name="idempotencyKey" value="${idempotencyKey}">
<input type="hidden" name="version" value="${version}">`
}

function whyCard(heading: string, reason: ReasonState): Html {
  return html`<section class="card" aria-labelledby="carte-motif">
<h2 id="carte-motif">${heading}</h2>
<div class="grid">${reasonField(reason)}</div>
</section>`
}

function whatHappens(preview: ChangePreview | null, also?: string): Html {
  if (!preview) return nothing
  return html`<section class="card" aria-labelledby="carte-suite">
<h2 id="carte-suite">${changeText.whatHappens}</h2>
<ul class="happens">${preview.steps.map(happens)}</ul>
${also ? html`<p class="happens-also">${also}</p>` : nothing}
</section>`
}

function happens(step: ChangeStep): Html {
  const mark = step.assumedFormat ? html` <span class="assumed">${text.assumedFormat}</span>` : nothing
  return html`<li><strong>${changeText.destinationDoes(step.destinationLabel)}</strong> ${consequenceText[step.consequence]}${mark}</li>`
}

function summaryCard({ patient, act, signedBy, signedAt }: ScreeningView): Html {
  const signed = signedBy && signedAt ? `${personName(signedBy)}, ${frenchDateTime(signedAt)}` : null
  return html`<section class="card" aria-labelledby="carte-patient">
<h2 id="carte-patient">${changeText.cancelWhat}</h2>
<dl class="facts">
${fact(text.receipt.patient, html`<strong>${patientName(patient)}</strong>`)}
${fact(fieldText.birthDate, frenchDate(patient.birthDate))}
${act.results.map(({ analyte, result }) => fact(analyteText[analyte], html`<strong class="result result-${result}">${resultText[result]}</strong>`))}
${fact(fieldText.sampledAt, frenchDateTime(new Date(act.sampledAt)))}
${fact(text.receipt.signedBy, signed)}
</dl>
</section>`
}

function buttons({ screeningId }: ChangePage, label: string, look: string): Html {
  return html`<div class="buttons"><button class="${look}" type="submit" data-busy="${changeText.busy}">${label}</button><a class="button quiet" href="/depistages/${screeningId}">${changeText.back}</a></div>`
}
