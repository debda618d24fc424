/** Reads typed-in fields one by one and gathers what is wrong with them, beside the field's name. */
import type { CaptureField, CaptureInput, FieldProblem, FieldProblemCode } from './capture-fields.ts'
import { findLineProblem, findNameProblem, findParagraphProblem, type TextProblem, tidyText } from './text-rules.ts'

type TextOptions = { readonly required?: boolean; readonly lengthMax: number }

/** A class, unlike its neighbours, because each reading adds to one list. Each method answers null where nothing usable stands. */
export class FieldReader {
  readonly problems: FieldProblem[] = []
  readonly #input: CaptureInput

  constructor(input: CaptureInput) {
    this.#input = input
  }

  problem(field: CaptureField, code: FieldProblemCode): null {
    this.problems.push({ field, code })
    return null
  }

  /** The tidied text, or null where the field is empty. */
  optional(field: CaptureField): string | null {
    const text = tidyText(this.#input[field] ?? '')
    return text === '' ? null : text
  }

  required(field: CaptureField): string | null {
    return this.optional(field) ?? this.problem(field, 'required')
  }

  name(field: CaptureField, options: TextOptions): string | null {
    return this.#text(field, options, findNameProblem)
  }

  line(field: CaptureField, options: TextOptions): string | null {
    return this.#text(field, options, findLineProblem)
  }

  /** Text of several lines; CR and CRLF become LF, a tab (pasted from a sheet) a space. */
  paragraph(field: CaptureField, options: TextOptions): string | null {
    const text = (this.#input[field] ?? '').normalize('NFC').replaceAll(/\r\n?/g, '\n').replaceAll('\t', ' ').trim()
    if (text === '') return options.required ? this.problem(field, 'required') : null
    const code = findParagraphProblem(text, options.lengthMax)
    return code ? this.problem(field, code) : text
  }

  choice<Choice extends string>(
    field: CaptureField,
    choices: readonly Choice[],
    options: { readonly required?: boolean },
  ): Choice | null {
    const text = options.required ? this.required(field) : this.optional(field)
    if (text === null) return null
    return choices.find((choice) => choice === text) ?? this.problem(field, 'not-a-choice')
  }

  /** A calendar date as `YYYY-MM-DD`, read from that form or from `JJ/MM/AAAA`. */
  date(field: CaptureField, options: { readonly required?: boolean } = {}): string | null {
    const text = options.required ? this.required(field) : this.optional(field)
    if (text === null) return null
    const french = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text)
    const iso = french ? `${french[3]}-${french[2]}-${french[1]}` : text
    if (!/^\d{4}-\d{2}-\d{2}$/.test(iso)) return this.problem(field, 'not-a-date')
    const parsed = new Date(`${iso}T00:00:00Z`)
    if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== iso) return this.problem(field, 'not-a-date')
    return iso
  }

  #text(
    field: CaptureField,
    options: TextOptions,
    findProblem: (text: string, lengthMax: number) => TextProblem | null,
  ): string | null {
    const text = options.required ? this.required(field) : this.optional(field)
    if (text === null) return null
    const code = findProblem(text, options.lengthMax)
    return code ? this.problem(field, code) : text
  }
}
