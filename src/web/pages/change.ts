/** Correcting and cancelling a signed screening: the routes of both forms, and what happens to what was typed. */
import type { Actions } from '../../actions/actions.ts'
import type { ChangePreview, Corrected, CorrectionProblem } from '../../actions/views.ts'
import { isId, type NewId } from '../../base/ids.ts'
import type { Result } from '../../base/result.ts'
import { type CaptureInput, captureFields } from '../../domain/capture-fields.ts'
import { GatewayError, type GatewayErrorCode } from '../../domain/errors.ts'
import type { TestKit } from '../../domain/test-kit.ts'
import { problemStatuses } from '../../http/problem.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { draftValues, spokenValues, typedValues } from '../capture-values.ts'
import { type FormState, formState } from '../fields.ts'
import type { Frame } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { changeText } from '../text-fr-corrections.ts'
import { cancelPage, conflictPage, correctPage } from './change-forms.ts'
import { versionsLink } from './versions.ts'

export type ChangeDeps = {
  readonly frame: Frame
  readonly actions: Pick<Actions, 'previewChange' | 'correctScreening' | 'cancelScreening' | 'getScreening'>
  readonly testKits: readonly TestKit[]
  readonly newId: NewId
}

type Intent = 'correct' | 'cancel'

/** As for a capture: ten thousand characters of any script in two fields, and the reason beside them. */
const formBytesMax = 320 * 1024
const ownFields = ['idempotencyKey', 'version', 'reason'] as const

export function changeRoutes(deps: ChangeDeps): readonly Route[] {
  const access = 'screening.correct'
  const form = { access, bodyBytesMax: formBytesMax, holdsForm: true } as const
  const paths = { correct: '/depistages/:id/corriger', cancel: '/depistages/:id/annuler' }
  return [
    { method: 'GET', path: paths.correct, access, handle: (visit) => showForm(deps, visit, 'correct') },
    {
      method: 'POST',
      path: paths.correct,
      ...form,
      fields: [...captureFields, ...ownFields],
      handle: (visit: ActorVisit) => correct(deps, visit),
    },
    { method: 'GET', path: paths.cancel, access, handle: (visit) => showForm(deps, visit, 'cancel') },
    { method: 'POST', path: paths.cancel, ...form, fields: ownFields, handle: (visit: ActorVisit) => cancel(deps, visit) },
  ]
}

async function showForm(deps: ChangeDeps, visit: ActorVisit, intent: Intent): Promise<Response> {
  const preview = await findPreview(deps, visit, intent)
  if (!preview) return answerConflict(deps, visit)
  const values = intent === 'correct' ? draftValues(preview.screening) : {}
  const filled = { typed: values, reason: '', idempotencyKey: deps.newId(), version: preview.screening.version }
  return answerForm(deps, visit, { ...filled, intent, preview, problem: nothingWrong, notice: nothing })
}

async function correct(deps: ChangeDeps, visit: ActorVisit): Promise<Response> {
  const sent = { ...readSent(visit), typed: typedValues(visit.form) }
  const { typed, ...named } = sent
  const input = { screeningId: idOf(visit), fields: spokenValues(typed), ...named }
  return settle(deps, visit, { intent: 'correct', ...sent }, deps.actions.correctScreening(visit.actor, input, visit.request))
}

async function cancel(deps: ChangeDeps, visit: ActorVisit): Promise<Response> {
  const sent = readSent(visit)
  const input = { screeningId: idOf(visit), ...sent }
  const work = deps.actions.cancelScreening(visit.actor, input, visit.request)
  return settle(deps, visit, { intent: 'cancel', typed: {}, ...sent }, work)
}

type Sent = {
  readonly intent: Intent
  readonly typed: CaptureInput
  readonly reason: string
  readonly idempotencyKey: string
  readonly version: number
}
type Shown = Sent & { readonly preview: ChangePreview | null; readonly problem: CorrectionProblem; readonly notice: Html }

const nothingWrong: CorrectionProblem = { fields: [], reason: null }

/** Leads on where it was stored; else shows the form with everything as it was typed, and what would happen now. */
async function settle(
  deps: ChangeDeps,
  visit: ActorVisit,
  sent: Sent,
  work: Promise<Result<Corrected, CorrectionProblem>>,
): Promise<Response> {
  try {
    const done = await work
    if (done.ok) return visit.c.redirect(`/depistages/${done.value.screeningId}`, 303)
    const preview = await findPreview(deps, visit, sent.intent)
    if (!preview) return answerConflict(deps, visit)
    return answerForm(deps, visit, { ...sent, preview, problem: done.problem, notice: nothing }, 'field-problems')
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : null
    if (code === 'unavailable') {
      // The same key: if it was stored after all, sending again changes nothing twice.
      const said = notice('bad', changeText.unavailable)
      return answerForm(deps, visit, { ...sent, preview: null, problem: nothingWrong, notice: said }, code)
    }
    if (code !== 'conflict') throw error
    return answerChanged(deps, visit, sent)
  }
}

/** Somebody was faster, or the key is spent: with what is in force now in sight, the person decides anew. */
async function answerChanged(deps: ChangeDeps, visit: ActorVisit, sent: Sent): Promise<Response> {
  const preview = await findPreview(deps, visit, sent.intent)
  if (!preview) return answerConflict(deps, visit)
  const { version } = preview.screening
  const words = sent.intent === 'correct' ? changeText.correctConflict : changeText.cancelConflict
  const said = notice('bad', versionsLink(words, preview.screening))
  const again = { ...sent, idempotencyKey: deps.newId(), version }
  return answerForm(deps, visit, { ...again, preview, problem: nothingWrong, notice: said }, 'conflict')
}

/** Null where no version is in force that could be changed. */
async function findPreview(deps: ChangeDeps, visit: ActorVisit, intent: Intent): Promise<ChangePreview | null> {
  try {
    return await deps.actions.previewChange(visit.actor, { screeningId: idOf(visit), intent }, visit.request)
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'conflict') return null
    throw error
  }
}

async function answerConflict(deps: ChangeDeps, visit: ActorVisit): Promise<Response> {
  const screening = await deps.actions.getScreening(visit.actor, idOf(visit), visit.request)
  return visit.c.html(conflictPage(deps.frame, visit.session, screening), problemStatuses.conflict)
}

function answerForm(
  deps: ChangeDeps,
  visit: ActorVisit,
  { intent, typed, reason, idempotencyKey, version, preview, problem, notice }: Shown,
  why?: GatewayErrorCode | 'field-problems',
): Response | Promise<Response> {
  const state: FormState = formState(typed, problem.fields, null)
  const page = {
    ...{ session: visit.session, screeningId: idOf(visit), idempotencyKey, version, preview, notice },
    reason: { typed: reason, problem: problem.reason, focus: problem.reason !== null && problem.fields.length === 0 },
  }
  const body: Html =
    intent === 'cancel'
      ? cancelPage(deps.frame, page)
      : correctPage(deps.frame, { ...page, state, testKits: kitsWith(deps.testKits, preview) })
  return visit.c.html(body, why === undefined ? 200 : why === 'field-problems' ? 422 : problemStatuses[why])
}

/** The catalogue, and the kit that was used though the catalogue has dropped it since. */
function kitsWith(testKits: readonly TestKit[], preview: ChangePreview | null): readonly TestKit[] {
  if (!preview) return testKits
  const { testKit, results } = preview.screening.act
  if (testKits.some((kit) => kit.id === testKit.id)) return testKits
  const [first, ...others] = results
  return [...testKits, { ...testKit, analytes: [first.analyte, ...others.map((one) => one.analyte)] }]
}

/** An id of ours, or the same answer as for one that is not there. */
function idOf(visit: ActorVisit): string {
  const id = visit.c.req.param('id') ?? ''
  if (!isId(id)) throw new GatewayError('not-found')
  return id
}

function readSent({ form }: ActorVisit): Pick<Sent, 'reason' | 'idempotencyKey' | 'version'> {
  const { idempotencyKey = '', version = '', reason = '' } = form
  if (!/^[A-Za-z0-9-]{16,64}$/.test(idempotencyKey) || !/^[1-9]\d{0,3}$/.test(version)) throw new GatewayError('bad-request')
  return { idempotencyKey, version: Number(version), reason }
}
