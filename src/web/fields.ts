/** Form fields: label, hint, control and what is wrong with it, tied together for eyes and for screen readers. */
import { html } from 'hono/html'
import type { CaptureField, CaptureInput, FieldProblem, FieldProblemCode } from '../domain/capture-fields.ts'
import { type Html, nothing } from './parts.ts'
import { text } from './text-fr.ts'
import { fieldHintText, fieldProblemText, fieldText } from './text-fr-codes.ts'

/** The fields as they stand on the page, so that errors are told, and focus found, from top to bottom. */
export const pageFields: readonly CaptureField[] = [
  ...(['birthName', 'birthFirstName', 'birthDate', 'sex', 'insMatricule', 'identityStatus'] as const),
  ...(['birthFirstNames', 'usedName', 'usedFirstName', 'birthPlaceInsee', 'insAuthority'] as const),
  ...(['addressLine', 'postalCode', 'city', 'phone', 'email'] as const),
  ...(['testKitId', 'result.sars-cov-2', 'result.influenza-a', 'result.influenza-b', 'result.rsv', 'result.strep-a'] as const),
  ...(['sampledAt', 'kitLot', 'kitExpiry', 'kitUdi', 'kitUdiIssuer', 'symptoms', 'consent', 'comment'] as const),
]

export type FormState = {
  readonly values: CaptureInput
  /** The first problem of each field. */
  readonly problems: ReadonlyMap<CaptureField, FieldProblemCode>
  /** The field where typing begins; null where the page is to be read first. */
  readonly focus: CaptureField | null
}

export function formState(values: CaptureInput, problems: readonly FieldProblem[], focusIfRight: CaptureField | null): FormState {
  const first = new Map<CaptureField, FieldProblemCode>()
  for (const { field, code } of problems) if (!first.has(field)) first.set(field, code)
  const wrong = pageFields.find((field) => first.has(field))
  return { values, problems: first, focus: wrong ?? focusIfRight }
}

export function fieldId(field: CaptureField): string {
  return `champ-${field.replaceAll('.', '-')}`
}

type TextOptions = {
  readonly required?: boolean
  readonly inputmode?: 'numeric' | 'tel' | 'email'
  readonly type?: 'text' | 'datetime-local'
  readonly size?: 'short' | 'full'
  /** Names and codes are not words: capitals help to type them. */
  readonly capitals?: boolean
}

/**
 * One line of text. There is no `maxlength`, which would cut silently what somebody pastes, and no spell checker, which
 * some browsers ask over the network.
 */
export function textField(state: FormState, field: CaptureField, options: TextOptions = {}): Html {
  const value = state.values[field] ?? ''
  return html`<div class="field${options.size ? ` field-${options.size}` : ''}">
${labelOf(field, options.required ?? false)}
<input id="${fieldId(field)}" name="${field}" type="${options.type ?? 'text'}" value="${value}" autocomplete="off" spellcheck="false"
${options.inputmode ? html` inputmode="${options.inputmode}"` : nothing}
${options.capitals ? html` autocapitalize="characters"` : nothing}
${options.required ? html` required` : nothing}${describe(state, field)}${focusOf(state, field)}>
${problemOf(state, field)}
</div>`
}

export function paragraphField(state: FormState, field: CaptureField): Html {
  // The line break after the tag is dropped by browsers; without it one that was typed first would be.
  return html`<div class="field field-full">
${labelOf(field, false)}
<textarea id="${fieldId(field)}" name="${field}" rows="3" autocomplete="off" spellcheck="false"${describe(state, field)}${focusOf(state, field)}>
${state.values[field] ?? ''}</textarea>
${problemOf(state, field)}
</div>`
}

type Choice = { readonly value: string; readonly label: string; readonly data?: string }
type SelectOptions = {
  readonly required?: boolean
  readonly placeholder?: string
  readonly size?: 'full'
  readonly kits?: boolean
}

/** A value that is no longer offered stays in the list, so that nothing that was chosen is lost. */
export function selectField(
  state: FormState,
  field: CaptureField,
  choices: readonly Choice[],
  options: SelectOptions = {},
): Html {
  const value = state.values[field] ?? ''
  const unknown = value !== '' && !choices.some((choice) => choice.value === value)
  const all = unknown ? [...choices, { value, label: value }] : choices
  return html`<div class="field${options.size ? ` field-${options.size}` : ''}">
${labelOf(field, options.required ?? false)}
<select id="${fieldId(field)}" name="${field}" autocomplete="off"${options.kits ? html` data-kits` : nothing}
${options.required ? html` required` : nothing}${describe(state, field)}${focusOf(state, field)}>
${options.placeholder ? html`<option value="">${options.placeholder}</option>` : nothing}
${all.map(
  (choice) =>
    html`<option value="${choice.value}"${choice.value === value ? html` selected` : nothing}${choice.data ? html` data-analytes="${choice.data}"` : nothing}>${choice.label}</option>`,
)}
</select>
${problemOf(state, field)}
</div>`
}

/** One answer among a few, all in sight: Tab reaches the group, arrows choose. */
export function radioField(
  state: FormState,
  field: CaptureField,
  choices: readonly Choice[],
  options: { readonly required?: boolean; readonly analyte?: string; readonly size?: 'half' } = {},
): Html {
  const value = state.values[field] ?? ''
  return html`<fieldset class="field${options.size ? '' : ' field-full'}"${options.analyte ? html` data-analyte="${options.analyte}"` : nothing}${describe(state, field, 'group')}>
<legend>${fieldText[field]}${options.required ? nothing : optionalMark()}</legend>
${hintOf(field)}
<div class="radios">${choices.map(
    (
      choice,
      index,
    ) => html`<label><input type="radio"${index === 0 ? html` id="${fieldId(field)}"` : nothing} name="${field}" value="${choice.value}" autocomplete="off"
${options.required ? html` required` : nothing}${choice.value === value ? html` checked` : nothing}${state.problems.has(field) ? html` aria-invalid="true"` : nothing}${index === 0 ? focusOf(state, field) : nothing}><span>${choice.label}</span></label>`,
  )}</div>
${problemOf(state, field)}
</fieldset>`
}

/** What is wrong, all of it, with a way to each field; `more`: of fields that no capture has, as links. */
export function problemSummary(state: FormState, more: readonly Html[] = []): Html {
  const count = state.problems.size + more.length
  if (count === 0) return nothing
  const items = pageFields.flatMap((field) => {
    const code = state.problems.get(field)
    return code
      ? [html`<li><a href="#${fieldId(field)}">${text.capture.problemOf(fieldText[field], fieldProblemText[code])}</a></li>`]
      : []
  })
  return html`<div class="notice notice-bad" role="alert"><h2>${count === 1 ? text.capture.summaryOne : text.capture.summaryMany(count)}</h2><ul>${items}${more.map((link) => html`<li>${link}</li>`)}</ul></div>`
}

function labelOf(field: CaptureField, required: boolean): Html {
  return html`<label for="${fieldId(field)}">${fieldText[field]}${required ? nothing : optionalMark()}</label>${hintOf(field)}`
}

function optionalMark(): Html {
  return html` <span class="optional">${text.capture.optional}</span>`
}

function hintOf(field: CaptureField): Html {
  const hint = fieldHintText[field]
  return hint ? html` <span class="hint" id="${fieldId(field)}-aide">${hint}</span>` : nothing
}

function problemOf(state: FormState, field: CaptureField): Html {
  const code = state.problems.get(field)
  return code ? html`<p class="problem" id="${fieldId(field)}-erreur">${sentence(fieldProblemText[code])}</p>` : nothing
}

/** Codes' sentences follow a label in the summary; beside the field they stand alone. */
export function sentence(words: string): string {
  return words.charAt(0).toLocaleUpperCase('fr') + words.slice(1)
}

function describe(state: FormState, field: CaptureField, kind: 'control' | 'group' = 'control'): Html {
  const wrong = state.problems.has(field)
  const ids = [...(fieldHintText[field] ? [`${fieldId(field)}-aide`] : []), ...(wrong ? [`${fieldId(field)}-erreur`] : [])]
  return html`${ids.length > 0 ? html` aria-describedby="${ids.join(' ')}"` : nothing}${wrong && kind === 'control' ? html` aria-invalid="true"` : nothing}`
}

function focusOf(state: FormState, field: CaptureField): Html {
  return state.focus === field ? html` autofocus` : nothing
}
