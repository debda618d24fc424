/** The parts that the schemas of the config files are made of; each says in one phrase what it expects. */
import { isIP } from 'node:net'
import * as z from 'zod'
import { type Finess, parseFiness } from '../../domain/finess.ts'
import { parseRpps, type Rpps } from '../../domain/rpps.ts'
import { findLineProblem, tidyText } from '../../domain/text-rules.ts'
import { findSuggestion } from '../suggest.ts'

/**
 * Message of every mistake of one value: what was expected, and of which kind the found value is. It never repeats text
 * from the file, where a secret may have been pasted.
 */
export function expected(what: string, wants: 'text' | 'other' = 'other') {
  return (issue: { readonly input?: unknown }): string =>
    issue.input === undefined ? `missing: expected ${what}` : `expected ${what}${found(issue.input, wants)}`
}

function found(input: unknown, wants: 'text' | 'other'): string {
  if (input === null) return ', found nothing'
  if (Array.isArray(input)) return ', found a list'
  if (typeof input === 'object') return ', found a group of keys'
  if (wants === 'text') return typeof input === 'string' ? '' : `, found a ${typeof input}: put it in quotes`
  return typeof input === 'string' ? ', found text' : `, found ${input}`
}

export function group<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: expected('a group of keys') })
}

export function list<Item extends z.ZodType>(item: Item, bounds: { min: number; max: number; of: string }) {
  const what = `a list of ${bounds.min} to ${bounds.max} ${bounds.of}`
  return z
    .array(item, { error: countedList(what) })
    .min(bounds.min)
    .max(bounds.max)
}

/** A list that is a list, but too short or too long, is told how many it holds. */
function countedList(what: string) {
  return (issue: { readonly input?: unknown }): string =>
    Array.isArray(issue.input) ? `expected ${what}, found ${issue.input.length}` : expected(what)(issue)
}

export function wholeNumber(min: number, max: number) {
  return z
    .int({ error: expected(`a whole number from ${min} to ${max}`) })
    .min(min)
    .max(max)
}

export function flag() {
  return z.boolean({ error: expected('true or false') })
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  const message = expected(values.length === 1 ? `the word ${values[0]}` : `one of ${values.join(', ')}`, 'text')
  return z.enum(values, {
    error: (issue) => {
      const near = typeof issue.input === 'string' ? findSuggestion(issue.input, values) : null
      return near === null ? message(issue) : `${message(issue)}; did you mean ${near}?`
    },
  })
}

/** One line of text as people read it: tidied, no hidden characters. */
export function line(lengthMax: number) {
  return z
    .string({ error: expected(`one line of text, 1 to ${lengthMax} characters`, 'text') })
    .min(1)
    .max(lengthMax)
    .transform(
      checked(tidyText, (text) => text.length > 0 && findLineProblem(text, lengthMax) === null, 'text without hidden characters'),
    )
}

export function word(pattern: RegExp, what: string) {
  return z.string({ error: expected(what, 'text') }).regex(pattern)
}

export const identifier = () =>
  word(/^[a-z0-9](-?[a-z0-9]){0,39}$/, 'an identifier of up to 40 lower-case letters, digits and single hyphens').max(40)

export const country = () => word(/^[A-Z]{2}$/, 'a country code of two capitals (ISO 3166-1), such as FR')

export const day = () => z.iso.date({ error: expected('a date that exists, as YYYY-MM-DD', 'text') })

const filePathWhat = 'the path of a file, up to 500 characters'

export const filePath = () =>
  z
    .string({ error: expected(filePathWhat, 'text') })
    .min(1)
    .max(500)
    .transform(
      checked(
        (text) => text,
        (text) => !/\p{C}/u.test(text),
        filePathWhat,
      ),
    )

const hostPattern = /^(?=.{1,253}(:|$))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:[1-9]\d{0,4})?$/

export const host = () => word(hostPattern, 'a host name in lower case, with :port where it is not the usual one')

/** A name or an address, without a port. */
export const hostName = () => {
  const what = 'a host name in lower case or an address, without its port'
  return z.string({ error: expected(what, 'text') }).transform(
    checked(
      (text) => text,
      (text) => isIP(text) !== 0 || (!text.includes(':') && hostPattern.test(text)),
      what,
    ),
  )
}

export const finess = () =>
  z.string({ error: expected('a FINESS number in quotes', 'text') }).transform((text, context): Finess => {
    const parsed = parseFiness(text)
    if (parsed.ok) return parsed.value
    const message =
      parsed.problem === 'bad-check-digit'
        ? 'is not a FINESS number: its last digit (the Luhn key) does not agree with the others'
        : 'expected a FINESS number: nine digits (or 2A, 2B and seven digits)'
    context.issues.push({ code: 'custom', message, input: text })
    return z.NEVER
  })

export const rpps = () =>
  z.string({ error: expected('an RPPS number in quotes', 'text') }).transform((text, context): Rpps => {
    const parsed = parseRpps(text)
    if (parsed.ok) return parsed.value
    context.issues.push({ code: 'custom', message: 'expected an RPPS number: eleven digits', input: text })
    return z.NEVER
  })

const urlWhat = 'an address such as https://host.example/path, without user, password, query or fragment'

/** An absolute `http:` or `https:` address, as written; credentials in it would be printed, so they are refused. */
export function url(options: { originOnly?: boolean } = {}) {
  const what = options.originOnly ? 'an address such as https://host.example, with nothing after the host and port' : urlWhat
  return z
    .string({ error: expected(what, 'text') })
    .max(500)
    .transform(
      checked(
        (text) => text,
        (text) => isPlainUrl(text, options.originOnly ?? false),
        what,
      ),
    )
}

function isPlainUrl(text: string, originOnly: boolean): boolean {
  const parsed = URL.parse(text)
  if (!parsed || !/^https?:\/\//.test(text)) return false
  if (parsed.username || parsed.password || text.includes('?') || text.includes('#')) return false
  return originOnly ? parsed.pathname === '/' : !/[\p{C}\s\\]/u.test(text)
}

/** An address or a CIDR block; `/0` would believe everybody. */
export const networkBlock = () => {
  const what = 'an IP address or a block such as 10.0.0.0/24, and never /0'
  return z.string({ error: expected(what, 'text') }).transform(checked((text) => text, isNetworkBlock, what))
}

function isNetworkBlock(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0 || address.includes('%')) return false
  if (prefix === undefined) return true
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)
}

/** A transform that tidies and then checks, so that the schema printed for editors stays plain text. */
function checked(tidy: (text: string) => string, holds: (text: string) => boolean, what: string) {
  return (text: string, context: z.core.$RefinementCtx<string>): string => {
    const tidied = tidy(text)
    if (holds(tidied)) return tidied
    context.issues.push({ code: 'custom', message: `expected ${what}`, input: text })
    return z.NEVER
  }
}
