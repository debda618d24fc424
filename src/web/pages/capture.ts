/** Capturing a screening and signing a draft: the routes of the form, and what happens to what was typed. */
import type { Actions } from '../../actions/actions.ts'
import type { Captured } from '../../actions/views.ts'
import type { Clock } from '../../base/clock.ts'
import { isId, type NewId } from '../../base/ids.ts'
import type { Result } from '../../base/result.ts'
import type { CaptureInput, FieldProblem } from '../../domain/capture-fields.ts'
import { GatewayError, type GatewayErrorCode } from '../../domain/errors.ts'
import { roleMay } from '../../domain/roles.ts'
import type { TestKit } from '../../domain/test-kit.ts'
import { problemStatuses } from '../../http/problem.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { draftValues, freshValues, keptFields, spokenValues, typedValues } from '../capture-values.ts'
import { formState } from '../fields.ts'
import type { Frame } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { text } from '../text-fr.ts'
import { type CapturePage, captureFormId, capturePage, formFields } from './capture-form.ts'
import { duplicateNotice } from './duplicate-notice.ts'
import { savedNotice } from './receipt.ts'

export type CaptureDeps = {
  readonly frame: Frame
  readonly actions: Pick<Actions, 'captureScreening' | 'findDuplicates' | 'signScreening' | 'getScreening'>
  readonly testKits: readonly TestKit[]
  readonly clock: Clock
  readonly newId: NewId
}

/** Ten thousand characters of any script, as browsers encode them, in two fields at once: refused by the field, not by the body. */
const formBytesMax = 256 * 1024

export function captureRoutes(deps: CaptureDeps): readonly Route[] {
  const form = { fields: formFields, bodyBytesMax: formBytesMax, holdsForm: true }
  const signPath = '/depistages/:id/signer'
  return [
    { method: 'GET', path: '/depistages/nouveau', access: 'screening.draft', handle: (visit) => showNew(deps, visit) },
    { method: 'POST', path: '/depistages/nouveau', access: 'screening.draft', ...form, handle: (visit) => capture(deps, visit) },
    { method: 'GET', path: signPath, access: 'screening.sign', handle: (visit) => showDraft(deps, visit) },
    { method: 'POST', path: signPath, access: 'screening.sign', ...form, handle: (visit) => sign(deps, visit) },
  ]
}

function showNew(deps: CaptureDeps, visit: ActorVisit): Response | Promise<Response> {
  const query = visit.c.req.query()
  const values = freshValues({ now: deps.clock.now(), testKits: deps.testKits, kept: (field) => query[field] })
  const before = query.apres
  return answerForm(deps, visit, {
    ...newForm(visit),
    state: formState(values, [], 'birthName'),
    idempotencyKey: deps.newId(),
    notice: before !== undefined && isId(before) ? savedNotice(before) : nothing,
  })
}

async function capture(deps: CaptureDeps, visit: ActorVisit): Promise<Response> {
  const { actor, request, form } = visit
  const idempotencyKey = keyOf(form)
  const typed = typedValues(form)
  const input = { fields: spokenValues(typed), idempotencyKey }
  // Ids of what the warning showed; `all` from a program that fills in the form and wants none.
  const seen = new Set((form.seenDuplicates ?? '').split(' '))
  const duplicates = seen.has('all') ? [] : await deps.actions.findDuplicates(actor, input, request)
  if (duplicates.some((one) => !seen.has(one.screeningId))) {
    const seenDuplicates = duplicates.map((one) => one.screeningId).join(' ')
    const warning = { seenDuplicates, notice: duplicateNotice(duplicates, captureFormId) }
    return answerForm(
      deps,
      visit,
      { ...newForm(visit), idempotencyKey, state: formState(typed, [], null), ...warning },
      'conflict',
    )
  }
  const work = deps.actions.captureScreening(actor, input, request)
  const again = { ...newForm(visit), idempotencyKey, conflictText: text.capture.conflict }
  return settle(deps, visit, work, typed, again)
}

async function showDraft(deps: CaptureDeps, visit: ActorVisit): Promise<Response> {
  const { c, actor, request } = visit
  const draft = await deps.actions.getScreening(actor, idOf(visit), request)
  if (draft.status !== 'draft') return c.redirect(`/depistages/${draft.screeningId}`, 303)
  const state = formState(draftValues(draft), [], null)
  return answerForm(deps, visit, { ...signForm(visit), state, idempotencyKey: deps.newId(), notice: nothing })
}

async function sign(deps: CaptureDeps, visit: ActorVisit): Promise<Response> {
  const { actor, request, form } = visit
  const idempotencyKey = keyOf(form)
  const typed = typedValues(form)
  const input = { screeningId: idOf(visit), fields: spokenValues(typed), idempotencyKey }
  const work = deps.actions.signScreening(actor, input, request)
  return settle(deps, visit, work, typed, { ...signForm(visit), idempotencyKey, conflictText: text.capture.signConflict })
}

type Again = Pick<CapturePage, 'mode' | 'action' | 'idempotencyKey'> & { readonly conflictText: string }

/** Leads on where it was stored; else shows the form with everything as it was typed. */
async function settle(
  deps: CaptureDeps,
  visit: ActorVisit,
  work: Promise<Result<Captured, readonly FieldProblem[]>>,
  typed: CaptureInput,
  { conflictText, ...again }: Again,
): Promise<Response> {
  try {
    const done = await work
    if (done.ok) return visit.c.redirect(nextPath(visit, done.value, typed), 303)
    return answerForm(deps, visit, { ...again, state: formState(typed, done.problem, null), notice: nothing }, 'field-problems')
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : null
    const state = formState(typed, [], null)
    if (code === 'unavailable') {
      // The same key: if it was stored after all, sending again stores nothing twice.
      return answerForm(deps, visit, { ...again, state, notice: notice('bad', text.capture.unavailable) }, code)
    }
    if (code !== 'conflict') throw error
    // The key is spent on something else: a person who still wants this stored gets a fresh one.
    return answerForm(deps, visit, { ...again, state, idempotencyKey: deps.newId(), notice: notice('bad', conflictText) }, code)
  }
}

/** After saving: the receipt, or the next patient's form with the same box, for which the address holds nothing personal. */
function nextPath(visit: ActorVisit, saved: Captured, typed: CaptureInput): string {
  if (visit.form.then !== 'next') return `/depistages/${saved.screeningId}`
  const query = new URLSearchParams({ apres: saved.screeningId })
  for (const field of keptFields) {
    const value = typed[field]
    if (value !== undefined) query.set(field, value)
  }
  return `/depistages/nouveau?${query}`
}

function answerForm(
  deps: CaptureDeps,
  visit: ActorVisit,
  page: Omit<CapturePage, 'session' | 'testKits'>,
  why?: GatewayErrorCode | 'field-problems',
): Response | Promise<Response> {
  const body: Html = capturePage(deps.frame, { ...page, session: visit.session, testKits: deps.testKits })
  const status = why === undefined ? 200 : why === 'field-problems' ? 422 : problemStatuses[why]
  return visit.c.html(body, status)
}

function newForm(visit: ActorVisit): Pick<CapturePage, 'mode' | 'action'> {
  return { mode: roleMay(visit.actor.role, 'screening.sign') ? 'capture' : 'draft', action: '/depistages/nouveau' }
}

function signForm(visit: ActorVisit): Pick<CapturePage, 'mode' | 'action'> {
  return { mode: 'sign', action: `/depistages/${idOf(visit)}/signer` }
}

/** An id of ours, or the same answer as for one that is not there. */
function idOf(visit: ActorVisit): string {
  const id = visit.c.req.param('id') ?? ''
  if (!isId(id)) throw new GatewayError('not-found')
  return id
}

function keyOf(form: ActorVisit['form']): string {
  const key = form.idempotencyKey ?? ''
  if (!/^[A-Za-z0-9-]{16,64}$/.test(key)) throw new GatewayError('bad-request')
  return key
}
