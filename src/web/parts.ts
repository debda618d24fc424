/** Small pieces that several pages are made of. */
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import type { Progress } from '../actions/views.ts'
import { progressText } from './text-fr-codes.ts'

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/** Nothing, where a template has a part that may be left out. */
export const nothing: Html = raw('')

/** Each state has a shape of its own, so that nobody needs to see its colour. */
const shapes: Record<Progress, string> = {
  draft: '<path d="M3 13l1-3.5L11.5 2 14 4.5 6.5 12z"/>',
  queued: '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
  sent: '<path d="M2 8h11M9 3.5L13.5 8 9 12.5"/>',
  accepted: '<path d="M2.5 8.5l3.5 3.5 7.5-8"/>',
  rejected: '<path d="M3.5 3.5l9 9M12.5 3.5l-9 9"/>',
  parked: '<path d="M5.5 3v10M10.5 3v10"/>',
  cancelled: '<path d="M3 8h10"/>',
  received: '<path d="M2 4.5v8h12v-8M5 8.5l2.5 2.5L14 3"/>',
}

function icon(progress: Progress): Html {
  return drawn(shapes[progress])
}

/** Two bars crossed out: not the same as before. */
export function changeIcon(): Html {
  return drawn('<path d="M3 6h10M3 10h10M10.5 2.5l-5 11"/>')
}

function drawn(shape: string): Html {
  const stroke = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
  return raw(`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" ${stroke}>${shape}</svg>`)
}

/** The state in words, with its shape. */
export function stateBadge(progress: Progress): Html {
  return html`<span class="state state-${progress}">${icon(progress)}${progressText[progress]}</span>`
}

/** One row of a description list; left out where there is nothing to say. */
export function fact(term: string, value: string | Html | null): Html {
  return value === null ? nothing : html`<div><dt>${term}</dt><dd>${value}</dd></div>`
}

export function notice(kind: 'good' | 'bad' | 'wait' | 'plain', body: string | Html): Html {
  return html`<div class="notice notice-${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">${body}</div>`
}
