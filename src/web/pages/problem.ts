/** Error pages: what happened, what to do, and a reference; never an inner message, never who asked. */
import { html } from 'hono/html'
import { type Problem, problemStatuses } from '../../http/problem.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing } from '../parts.ts'
import { text } from '../text-fr.ts'
import { problemText } from '../text-fr-failures.ts'

export function problemPage(frame: Frame, problem: Problem): Html {
  if (problem.code === 'not-signed-in' && problem.formHeld) return resubmitPage(frame, problem)
  const words = problemText[problem.code]
  const body = html`<div class="narrow">
<p class="status">${problemStatuses[problem.code]}</p>
<h1>${words.title}</h1>
<p class="lead">${words.what}</p>
<p>${words.todo}</p>
<p><a class="button" href="/">${problem.code === 'not-signed-in' ? text.backToEntrance : text.backToToday}</a></p>
${reference(problem)}
</div>`
  return layout(frame, { title: words.title, session: null, body })
}

/**
 * The session ended while somebody was typing. The browser still holds what was sent: after a sign-in in another tab,
 * reloading this answer sends it again, with the same idempotency key.
 */
function resubmitPage(frame: Frame, problem: Problem): Html {
  const body = html`<div class="narrow">
<h1>${text.resubmit.title}</h1>
<p class="lead">${text.resubmit.what}</p>
<ol class="steps-to-do">${text.resubmit.steps.map((step) => html`<li>${step}</li>`)}</ol>
<p><a class="button" href="/connexion" target="_blank" rel="noopener">${text.resubmit.signIn}</a></p>
${reference(problem)}
</div>`
  return layout(frame, { title: text.resubmit.title, session: null, body })
}

function reference(problem: Problem): Html {
  if (problem.requestId === '') return nothing
  return html`<p class="reference">${text.reference}<br><code>${problem.requestId}</code></p>`
}
