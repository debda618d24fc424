/** The capture form: one column of cards, in the order in which the counter asks; what is rare is folded away. */
import { html } from 'hono/html'
import type { SessionView } from '../../auth/auth.ts'
import { type CaptureField, captureFields } from '../../domain/capture-fields.ts'
import { identityStatuses } from '../../domain/ins.ts'
import { sexes } from '../../domain/patient.ts'
import { type Analyte, analytes, consents, screeningResults, symptomBands } from '../../domain/screening.ts'
import type { TestKit } from '../../domain/test-kit.ts'
import { udiIssuers } from '../../domain/udi.ts'
import { type FormState, paragraphField, problemSummary, radioField, selectField, textField } from '../fields.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { text } from '../text-fr.ts'
import {
  consentText,
  identityStatusText,
  insAuthorityText,
  resultText,
  sexText,
  symptomText,
  udiIssuerText,
} from '../text-fr-codes.ts'

export const formExtras = ['idempotencyKey', 'then', 'seenDuplicates'] as const
/** Of the capture form, for a button that stands outside it. */
export const captureFormId = 'saisie'
export const formFields: readonly string[] = [...captureFields, ...formExtras]

export type CapturePage = {
  readonly session: SessionView
  readonly mode: 'capture' | 'draft' | 'sign'
  /** Where the form goes. */
  readonly action: string
  readonly state: FormState
  readonly idempotencyKey: string
  readonly testKits: readonly TestKit[]
  /** Ids of screenings of which the person has been warned already, separated by spaces. */
  readonly seenDuplicates?: string
  /** Above the form, where something is to be said first. */
  readonly notice: Html
}

export function capturePage(frame: Frame, page: CapturePage): Html {
  const { capture } = text
  const { state } = page
  const title = page.mode === 'sign' ? capture.titleSign : capture.titleNew
  const body = html`<div class="form-page">
<h1>${title}</h1>
${page.mode === 'sign' ? html`<p class="lead">${capture.signExplained}</p>` : nothing}
${page.mode === 'draft' ? html`<p class="lead">${capture.draftExplained}</p>` : nothing}
${page.notice}
${problemSummary(state)}
${page.testKits.length === 0 ? notice('bad', capture.noKits) : nothing}
<p class="hint">${capture.requiredLegend}</p>
<form id="${captureFormId}" method="post" action="${page.action}" autocomplete="off" novalidate>
<input type="hidden" name="idempotencyKey" value="${page.idempotencyKey}">
${page.seenDuplicates ? html`<input type="hidden" name="seenDuplicates" value="${page.seenDuplicates}">` : nothing}
${captureCards(state, page.testKits)}
${buttons(page)}
</form>
</div>`
  return layout(frame, {
    title: state.problems.size > 0 ? `${text.titleError}${title}` : title,
    session: page.session,
    ...(page.mode === 'sign' ? {} : { here: 'new' as const }),
    body,
  })
}

/** Every field of a capture, in its cards. */
export function captureCards(state: FormState, testKits: readonly TestKit[]): Html {
  return html`${patientCard(state)}
${testCard(state, testKits)}
${contextCard(state)}`
}

function patientCard(state: FormState): Html {
  const traits: readonly CaptureField[] = ['birthFirstNames', 'usedName', 'usedFirstName', 'birthPlaceInsee']
  const contact: readonly CaptureField[] = ['addressLine', 'postalCode', 'city', 'phone', 'email']
  return html`<section class="card" aria-labelledby="carte-patient">
<h2 id="carte-patient">${text.capture.patient}</h2>
<div class="grid">
${textField(state, 'birthName', { required: true, capitals: true })}
${textField(state, 'birthFirstName', { required: true, capitals: true })}
${textField(state, 'birthDate', { required: true, inputmode: 'numeric' })}
${radioField(state, 'sex', choicesOf(sexes, sexText), { required: true, size: 'half' })}
${textField(state, 'insMatricule', { capitals: true })}
${selectField(state, 'identityStatus', choicesOf(identityStatuses, identityStatusText))}
</div>
${folded(
  state,
  text.capture.otherTraits,
  [...traits, 'insAuthority'],
  html`${textField(state, 'birthFirstNames', { capitals: true, size: 'full' })}
${textField(state, 'usedName', { capitals: true })}
${textField(state, 'usedFirstName', { capitals: true })}
${textField(state, 'birthPlaceInsee', { capitals: true })}
${selectField(state, 'insAuthority', choicesOf(['nir', 'nia'] as const, insAuthorityText))}`,
)}
${folded(
  state,
  text.capture.contact,
  contact,
  html`${textField(state, 'addressLine', { size: 'full' })}
${textField(state, 'postalCode', { inputmode: 'numeric' })}
${textField(state, 'city')}
${textField(state, 'phone', { inputmode: 'tel' })}
${textField(state, 'email', { inputmode: 'email' })}`,
)}
</section>`
}

function testCard(state: FormState, testKits: readonly TestKit[]): Html {
  const kits = testKits.map((kit) => ({ value: kit.id, label: `${kit.maker} ${kit.name}`, data: kit.analytes.join(' ') }))
  const others = analytes.filter((analyte) => analyte !== 'sars-cov-2')
  const otherFields = others.map((analyte) => `result.${analyte}` as const)
  return html`<section class="card" aria-labelledby="carte-test">
<h2 id="carte-test">${text.capture.test}</h2>
<div class="grid">
${selectField(state, 'testKitId', kits, { required: true, placeholder: text.capture.chooseKit, size: 'full', kits: true })}
</div>
<div class="grid">${resultField(state, 'sars-cov-2')}</div>
${folded(state, text.capture.otherAnalytes, otherFields, html`${others.map((analyte) => resultField(state, analyte))}`, true)}
<div class="grid">
${textField(state, 'sampledAt', { required: true, type: isLocalTime(state.values.sampledAt) ? 'datetime-local' : 'text' })}
</div>
${folded(
  state,
  kitSummary(state),
  state.problems.size > 0 ? ['kitLot', 'kitExpiry', 'kitUdi', 'kitUdiIssuer'] : [],
  html`${textField(state, 'kitLot', { capitals: true })}
${textField(state, 'kitExpiry', { inputmode: 'numeric' })}
${textField(state, 'kitUdi', { capitals: true })}
${selectField(state, 'kitUdiIssuer', choicesOf(udiIssuers, udiIssuerText))}`,
)}
</section>`
}

/** The box stays the same over many patients: folded, with its lot in sight, so that the form stays short. */
function kitSummary({ values }: FormState): string {
  const known = [values.kitLot, values.kitExpiry, values.kitUdi].filter((value) => value !== undefined)
  return known.length === 0 ? text.capture.kitDetails : text.capture.kitDetailsOf(known.join(', '))
}

function resultField(state: FormState, analyte: Analyte): Html {
  const required = analyte === 'sars-cov-2'
  return radioField(state, `result.${analyte}`, choicesOf(screeningResults, resultText), { required, analyte })
}

function contextCard(state: FormState): Html {
  return html`<section class="card" aria-labelledby="carte-contexte">
<h2 id="carte-contexte">${text.capture.context}</h2>
<div class="grid">
${selectField(state, 'symptoms', choicesOf(symptomBands, symptomText), { required: true, placeholder: text.capture.chooseSymptoms })}
${radioField(state, 'consent', choicesOf(consents, consentText), { required: true })}
</div>
${folded(state, text.capture.addComment, ['comment'], paragraphField(state, 'comment'))}
</section>`
}

/** The first button is the one that Enter presses. */
function buttons(page: CapturePage): Html {
  const { capture } = text
  const button = (label: string, then: 'show' | 'next', look: string) =>
    html`<button class="${look}" type="submit" name="then" value="${then}" data-busy="${capture.busyButton}">${label}</button>`
  const cancel = html`<a class="button quiet" href="/depistages">${capture.cancel}</a>`
  if (page.mode === 'sign') return html`<div class="buttons">${button(capture.sign, 'show', 'button')}${cancel}</div>`
  const [save, next] = page.mode === 'draft' ? [capture.saveDraft, capture.saveDraftNext] : [capture.save, capture.saveNext]
  return html`<div class="buttons">${button(save, 'show', 'button')}${button(next, 'next', 'button secondary')}${cancel}</div>`
}

/** Folded, unless something in it is filled in or wrong: what was typed is never out of sight. */
function folded(state: FormState, summary: string, fields: readonly CaptureField[], inside: Html, otherAnalytes = false): Html {
  const defaults: Partial<Record<CaptureField, string>> = { insAuthority: 'nir', kitUdiIssuer: 'gs1' }
  const open = fields.some((field) => {
    const value = state.values[field]
    return state.problems.has(field) || (value !== undefined && value !== defaults[field])
  })
  return html`<details${open ? html` open` : nothing}${otherAnalytes ? html` data-other-analytes` : nothing}>
<summary>${summary}</summary>
<div class="grid">${inside}</div>
</details>`
}

function choicesOf<Value extends string>(values: readonly Value[], words: Readonly<Record<Value, string>>) {
  return values.map((value) => ({ value, label: words[value] }))
}

/** A `datetime-local` control shows nothing of a text that is not one: then a plain field keeps it. */
function isLocalTime(value: string | undefined): boolean {
  return value === undefined || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(value)
}
