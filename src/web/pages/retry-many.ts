/** Many stopped declarations sent again together: the count before the button, the progress after it, a stop at any time. */
import { html } from 'hono/html'
import type { Actions, RetryGroup } from '../../actions/actions.ts'
import type { RetryBatchView, RetryPreview } from '../../actions/views.ts'
import type { SessionView } from '../../auth/auth.ts'
import { GatewayError } from '../../domain/errors.ts'
import { type FailureCode, failureCodes } from '../../domain/failure-codes.ts'
import { retryPace, type StoppedState, stoppedStates } from '../../domain/stopped.ts'
import type { ActorVisit, Form, Route } from '../../http/route.ts'
import { frenchDateTime } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { text } from '../text-fr.ts'
import { batchStateText, roughDuration, stoppedText as words } from '../text-fr-stopped.ts'
import { whyText } from './stopped.ts'

export type RetryManyDeps = {
  readonly frame: Frame
  readonly actions: Pick<Actions, 'previewRetry' | 'retryMany' | 'findRetryBatch' | 'approveRetry' | 'stopRetry'>
}

const access = 'declaration.retry' as const
const groupFields = ['destination', 'etat', 'motif'] as const

export function retryManyRoutes(deps: RetryManyDeps): readonly Route[] {
  const lot = '/a-reprendre/lots/:id'
  return [
    { method: 'GET', path: '/a-reprendre/renvoyer', access, handle: (visit) => preview(deps, visit) },
    {
      method: 'POST',
      path: '/a-reprendre/renvoyer',
      access,
      fields: [...groupFields, 'doute'],
      handle: (visit) => send(deps, visit),
    },
    { method: 'GET', path: lot, access, handle: (visit) => follow(deps, visit) },
    { method: 'POST', path: `${lot}/accord`, access, fields: [], handle: (visit) => decide(deps.actions.approveRetry, visit) },
    { method: 'POST', path: `${lot}/arret`, access, fields: [], handle: (visit) => decide(deps.actions.stopRetry, visit) },
  ]
}

function groupOf(read: (name: (typeof groupFields)[number]) => string | undefined): RetryGroup {
  const destination = read('destination') || null
  const state = read('etat') || null
  const code = read('motif') || null
  if (destination !== null && !/^[a-z0-9-]{1,60}$/.test(destination)) throw new GatewayError('bad-request')
  if (state !== null && !stoppedStates.includes(state as StoppedState)) throw new GatewayError('bad-request')
  if (code !== null && !failureCodes.includes(code as FailureCode)) throw new GatewayError('bad-request')
  return { destination, state: state as StoppedState | null, code: code as FailureCode | null } // safe: both looked up above
}

async function preview(deps: RetryManyDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const group = groupOf((name) => c.req.query(name))
  const counted = await deps.actions.previewRetry(actor, group, request)
  return c.html(previewPage(deps.frame, { group, preview: counted, session }))
}

async function send(deps: RetryManyDeps, { c, actor, form, request }: ActorVisit): Promise<Response> {
  const group = groupOf((name: keyof Form) => form[name])
  const input = { ...group, perSecond: retryPace.default, includeDoubtful: form['doute'] === 'verifie' }
  const batch = await deps.actions.retryMany(actor, input, request)
  return c.redirect(`/a-reprendre/lots/${batch.batchId}`, 303)
}

async function follow(deps: RetryManyDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const batch = await deps.actions.findRetryBatch(actor, c.req.param('id') ?? '', request)
  return c.html(batchPage(deps.frame, batch, session))
}

async function decide(action: Actions['stopRetry'], { c, actor, request }: ActorVisit): Promise<Response> {
  const id = c.req.param('id') ?? ''
  await action(actor, id, request)
  return c.redirect(`/a-reprendre/lots/${id}`, 303)
}

type Preview = { readonly group: RetryGroup; readonly preview: RetryPreview; readonly session: SessionView }

function previewPage(frame: Frame, { group, preview: seen, session }: Preview): Html {
  const why = whyText(group.code)
  const field = (name: string, value: string | null) =>
    value === null ? nothing : html`<input type="hidden" name="${name}" value="${value}">`
  const sure = seen.count - seen.doubtful
  const duration = roughDuration((seen.count / seen.perSecond) * 1000)
  const form = html`<form method="post" action="/a-reprendre/renvoyer">
${field('destination', group.destination)}${field('etat', group.state)}${field('motif', group.code)}
<p class="lead">${seen.doubtful === 0 ? words.previewCount(seen.count, seen.destinationLabel) : words.previewSplit(sure, seen.doubtful, seen.destinationLabel)}</p>
${why ? html`<p>${why.what}</p>` : nothing}
${group.state === 'rejected' ? notice('wait', words.previewMended) : nothing}
${
  seen.doubtful > 0
    ? html`${notice('wait', words.previewDoubt(seen.doubtful))}<p><label class="check"><input type="checkbox" name="doute" value="verifie"${sure === 0 ? html` required` : nothing}><span>${words.confirmDoubt}</span></label></p>`
    : nothing
}
<p>${words.previewPace(seen.perSecond, duration)}</p>
${seen.needsApproval ? notice('plain', words.previewSecond(seen.aloneMax, seen.aloneBefore)) : nothing}
<p class="buttons"><button class="button" type="submit" data-busy="${text.capture.busyButton}">${sendLabel(seen)}</button>
<a class="button secondary" href="/a-reprendre">${words.back}</a></p>
</form>`
  const body = html`<div class="narrow"><h1>${words.previewTitle}</h1>
${seen.notConfigured > 0 ? notice('wait', words.previewNotConfigured(seen.notConfigured)) : nothing}
${seen.count === 0 ? html`<p class="lead">${words.previewNothing}</p><p><a class="button" href="/a-reprendre">${words.backToList}</a></p>` : form}
</div>`
  return layout(frame, { title: words.previewTitle, session, here: 'stopped', body })
}

/** With a count only where nothing on the page changes it. */
function sendLabel({ count, doubtful, needsApproval }: RetryPreview): string {
  if (doubtful > 0) return needsApproval ? words.askSome : words.confirmSome
  return needsApproval ? words.ask(count) : words.confirm(count)
}

function batchPage(frame: Frame, batch: RetryBatchView, session: SessionView): Html {
  const open = batch.state === 'waiting' || batch.state === 'running'
  const button = (to: string, label: string, kind: string) =>
    html`<form method="post" action="/a-reprendre/lots/${batch.batchId}/${to}"><button class="button${kind}" type="submit" data-busy="${text.capture.busyButton}">${label}</button></form>`
  const body = html`<div class="narrow"><h1>${words.batchTitle}</h1>
<p class="lead"><strong>${batchStateText[batch.state]}</strong>${batch.destinationLabel === null ? nothing : html`, ${batch.destinationLabel}`}</p>
<p>${words.requestedAt(frenchDateTime(batch.requestedAt))}${batch.byOperator ? html` ${words.byOperator}.` : nothing}</p>
<p><label for="avancement">${words.progress}</label><progress id="avancement" class="wide" max="${batch.chosen}" value="${batch.released + batch.skipped}"></progress>
${words.batch(batch.released, batch.chosen)}.</p>
${batch.skipped > 0 ? html`<p class="hint">${words.skipped(batch.skipped)}</p>` : nothing}
${batch.state === 'waiting' && !batch.mayApprove ? notice('wait', words.waitsForOther) : nothing}
${batch.mayApprove ? html`<p class="hint">${words.approveHint}</p>${button('accord', words.approve, '')}` : nothing}
${open ? html`${button('arret', words.stop, ' secondary')}<p class="hint">${words.stopHint}</p><p><a href="/a-reprendre/lots/${batch.batchId}">${words.refresh}</a></p>` : nothing}
<p><a href="/a-reprendre">${words.backToList}</a></p>
</div>`
  return layout(frame, { title: words.batchTitle, session, here: 'stopped', body })
}
