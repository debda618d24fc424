/** The reason of a correction or a cancellation: mandatory, as typed, with what is wrong with it beside it. */
import { html } from 'hono/html'
import type { CorrectionProblem } from '../actions/views.ts'
import { sentence } from './fields.ts'
import { type Html, nothing } from './parts.ts'
import { text } from './text-fr.ts'
import { changeText, reasonProblemText } from './text-fr-corrections.ts'

export type ReasonState = { readonly typed: string; readonly problem: CorrectionProblem['reason']; readonly focus: boolean }

const id = 'champ-reason'

/** No `maxlength`, as for every field: what somebody pastes is not cut silently. */
export function reasonField({ typed, problem, focus }: ReasonState, hint: string = changeText.reasonHint): Html {
  const described = `${id}-aide${problem ? ` ${id}-erreur` : ''}`
  return html`<div class="field field-full">
<label for="${id}">${changeText.reason}</label> <span class="hint" id="${id}-aide">${hint}</span>
<textarea id="${id}" name="reason" rows="3" autocomplete="off" spellcheck="false" required aria-describedby="${described}"${problem ? html` aria-invalid="true"` : nothing}${focus ? html` autofocus` : nothing}>
${typed}</textarea>
${problem ? html`<p class="problem" id="${id}-erreur">${sentence(reasonProblemText[problem])}</p>` : nothing}
</div>`
}

/** For the summary above a form. */
export function reasonProblemLinks({ problem }: ReasonState): readonly Html[] {
  if (problem === null) return []
  return [html`<a href="#${id}">${text.capture.problemOf(changeText.reason, reasonProblemText[problem])}</a>`]
}
