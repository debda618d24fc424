/** Said above the form where the same person was screened here today: what there is, and the way on. */
import { html } from 'hono/html'
import type { DuplicateView } from '../../actions/views.ts'
import { frenchTime } from '../format-fr.ts'
import { type Html, notice } from '../parts.ts'
import { duplicateText } from '../text-fr-duplicates.ts'

/** `formId`: of the form that the button sends again. */
export function duplicateNotice(duplicates: readonly DuplicateView[], formId: string): Html {
  const [first, ...others] = duplicates.map((one) => ({ ...one, time: frenchTime(one.capturedAt) }))
  if (!first) return html``
  const sentence = others.length === 0 ? duplicateText.one(first.time) : duplicateText.many(duplicates.length)
  // In a tab of its own: what was typed stays in this one.
  const links = [first, ...others].map(
    ({ screeningId, time }) =>
      html`<li><a href="/depistages/${screeningId}" target="_blank" rel="noopener">${duplicateText.show(time)}</a></li>`,
  )
  return notice(
    'wait',
    html`<p><strong>${sentence}</strong> ${duplicateText.nothingStored}</p>
<ul>${links}</ul>
<p>${duplicateText.goOn}</p>
<button class="button secondary" type="submit" form="${formId}" name="then" value="show">${duplicateText.store}</button>`,
  )
}
