/** Statements: what a month's charges come to, line by line, and what a credit note gives back; integer cents throughout. */
import { assert } from '../base/assert.ts'
import type { PharmacySettings } from './pharmacy.ts'
import { dayAfter, type Issuer, parisMonthBounds } from './tariff.ts'

/** Both bear numbers of one series; a credit note names the statement that it credits. */
export const statementKinds = ['invoice', 'credit-note'] as const
export type StatementKind = (typeof statementKinds)[number]

/** Charges of one Paris day at one price: all that a statement knows of them. A refund counts below zero. */
export type ChargedDay = {
  /** `YYYY-MM-DD` in Paris. */
  readonly day: string
  readonly unitCents: number
  readonly count: number
}

export type StatementLine = {
  /** From 1. */
  readonly position: number
  /** `YYYY-MM`, the Paris month of the receipts. */
  readonly month: string
  /** True for a month that was closed before these charges were written. */
  readonly late: boolean
  readonly unitCents: number
  readonly count: number
  readonly netCents: number
}

export type Totals = { readonly netCents: number; readonly vatCents: number; readonly grossCents: number }

export type Buyer = Pick<PharmacySettings, 'finess' | 'name' | 'addressLine' | 'postalCode' | 'city'>

/** A document before it has a number: everything that its files say. */
export type StatementDraft = Totals & {
  readonly kind: StatementKind
  /** `YYYY-MM`: what is billed, or the month of the statement that is credited. */
  readonly month: string
  /** First and last day of the period, issue and due day, all in Paris. */
  readonly firstDay: string
  readonly lastDay: string
  readonly issuedOn: string
  readonly dueOn: string
  readonly currency: 'EUR'
  readonly vatRateBasisPoints: number
  readonly issuer: Issuer
  readonly buyer: Buyer
  /** Made by the demonstration: says so on every page and in every file. */
  readonly demonstration: boolean
  readonly lines: readonly StatementLine[]
  /** How the lines come about, day by day; empty on a credit note. */
  readonly days: readonly ChargedDay[]
  readonly credited: CreditedStatement | null
}

export type CreditedStatement = { readonly number: string; readonly issuedOn: string; readonly reason: string }

export type Statement = StatementDraft & { readonly number: string }

/** Counts and prices are small; their product must stay a number that doubles hold exactly. */
const centsMax = 1_000_000_000_000

/**
 * VAT on a net amount: basis × rate, rounded to the cent, halves away from zero (EN 16931 BR-CO-17, BT-117). One rate a
 * statement, so it is rounded once, on the total, and never line by line.
 */
export function vatOf(netCents: number, rateBasisPoints: number): number {
  assert(Number.isSafeInteger(netCents) && Math.abs(netCents) <= centsMax, 'an amount is a bounded number of whole cents')
  assert(Number.isInteger(rateBasisPoints) && rateBasisPoints >= 0 && rateBasisPoints <= 10_000, 'a rate is whole basis points')
  const rounded = (BigInt(Math.abs(netCents)) * BigInt(rateBasisPoints) + 5_000n) / 10_000n
  return netCents < 0 ? 0 - Number(rounded) : Number(rounded)
}

export function totalsOf(lines: readonly Pick<StatementLine, 'netCents'>[], rateBasisPoints: number): Totals {
  const netCents = lines.reduce((sum, line) => sum + line.netCents, 0)
  const vatCents = vatOf(netCents, rateBasisPoints)
  return { netCents, vatCents, grossCents: netCents + vatCents }
}

/** One line a month and price, the billed month first, then what came late, newest month first; refunds on lines of their own. */
export function linesOf(month: string, days: readonly ChargedDay[]): readonly StatementLine[] {
  const counts = new Map<string, { month: string; unitCents: number; refund: boolean; count: number }>()
  for (const { day, unitCents, count } of days) {
    assert(Number.isSafeInteger(count) && Number.isSafeInteger(unitCents) && unitCents >= 0, 'charges are counted whole')
    const group = { month: day.slice(0, 7), unitCents, refund: count < 0, count: 0 }
    assert(group.month <= month, 'no charge is billed before its month')
    const key = `${group.month} ${unitCents} ${group.refund}`
    const found = counts.get(key) ?? group
    found.count += count
    counts.set(key, found)
  }
  const order = [...counts.values()]
    .filter(({ count }) => count !== 0)
    .sort((a, b) => b.month.localeCompare(a.month) || Number(a.refund) - Number(b.refund) || a.unitCents - b.unitCents)
  return order.map((group, index) => ({
    position: index + 1,
    month: group.month,
    late: group.month < month,
    unitCents: group.unitCents,
    count: group.count,
    netCents: netOf(group.count, group.unitCents),
  }))
}

function netOf(count: number, unitCents: number): number {
  const net = count * unitCents
  assert(Math.abs(net) <= centsMax, 'a line stays within its bound')
  return net
}

export type InvoiceInput = {
  readonly month: string
  readonly days: readonly ChargedDay[]
  /** The Paris day on which it is issued. */
  readonly issuedOn: string
  readonly vatRateBasisPoints: number
  readonly issuer: Issuer
  readonly buyer: Buyer
  readonly demonstration: boolean
}

/** The statement of one pharmacy and month; null where nothing was charged: an empty month gives no statement. */
export function draftInvoice(input: InvoiceInput): StatementDraft | null {
  const { month, issuedOn, vatRateBasisPoints, issuer, buyer, demonstration } = input
  const { firstDay, lastDay } = parisMonthBounds(month)
  assert(issuedOn > lastDay, 'a month is billed once it is over')
  const lines = linesOf(month, input.days)
  if (lines.length === 0) return null
  const days = [...input.days].sort((a, b) => a.day.localeCompare(b.day) || a.unitCents - b.unitCents || b.count - a.count)
  return {
    kind: 'invoice',
    ...{ month, firstDay, lastDay, issuedOn, vatRateBasisPoints, issuer, buyer, demonstration, lines, days },
    dueOn: dayIn(issuedOn, issuer.paymentDays),
    currency: 'EUR',
    credited: null,
    ...totalsOf(lines, vatRateBasisPoints),
  }
}

/** How many charges of one line of a statement are given back. */
export type CreditItem = { readonly position: number; readonly count: number }
export type CreditProblem = 'not-an-invoice' | 'nothing-credited' | 'no-such-line' | 'more-than-charged' | 'reason-bad'

export type CreditInput = {
  readonly original: Statement
  /** Credit notes on it so far. */
  readonly earlier: readonly Pick<Statement, 'lines' | 'netCents'>[]
  readonly items: readonly CreditItem[]
  readonly reason: string
  readonly issuedOn: string
}

/** The credit note; at most what was charged and has not been credited yet, line by line. Its amounts are above zero. */
export function draftCreditNote(
  input: CreditInput,
): { readonly ok: true; readonly value: StatementDraft } | { readonly ok: false; readonly problem: CreditProblem } {
  const { original, items, reason, issuedOn } = input
  if (original.kind !== 'invoice') return { ok: false, problem: 'not-an-invoice' }
  const asked = items.filter(({ count }) => count !== 0)
  if (asked.length === 0) return { ok: false, problem: 'nothing-credited' }
  const left = creditableOf(original, input.earlier)
  const lines: StatementLine[] = []
  for (const { position, count } of asked) {
    const line = original.lines.find((one) => one.position === position)
    if (!line || lines.some((one) => one.position === position)) return { ok: false, problem: 'no-such-line' }
    if (!Number.isSafeInteger(count) || count < 0 || count > (left.get(position) ?? 0))
      return { ok: false, problem: 'more-than-charged' }
    lines.push({ ...line, count, netCents: netOf(count, line.unitCents) })
  }
  const { month, firstDay, lastDay, currency, vatRateBasisPoints, issuer, buyer, demonstration } = original
  const totals = totalsOf(lines, vatRateBasisPoints)
  if (!withinStatement(original, [...input.earlier, totals])) return { ok: false, problem: 'more-than-charged' }
  return {
    ok: true,
    value: {
      kind: 'credit-note',
      ...{ month, firstDay, lastDay, issuedOn, currency, vatRateBasisPoints, issuer, buyer, demonstration },
      dueOn: issuedOn,
      lines: lines.sort((a, b) => a.position - b.position),
      days: [],
      credited: { number: original.number, issuedOn: original.issuedOn, reason },
      ...totals,
    },
  }
}

/** A refund of an earlier month's charge, at a price of its own, stands beside no line that it could be taken from: it still lowers what was paid. */
export function withinStatement(original: Statement, notes: readonly Pick<Statement, 'netCents'>[]): boolean {
  return notes.reduce((sum, note) => sum + note.netCents, 0) <= original.netCents
}

/** By position: how many charges of the line may still be credited; those that the statement itself refunds were given back already. */
export function creditableOf(original: Statement, earlier: readonly Pick<Statement, 'lines'>[]): ReadonlyMap<number, number> {
  return new Map(
    original.lines.map(({ position, month, unitCents, count }) => {
      const credited = earlier.flatMap(({ lines }) => lines).filter((line) => line.position === position)
      const refunds = original.lines.filter((line) => line.count < 0 && line.month === month && line.unitCents === unitCents)
      const given = sumOf(credited) - sumOf(refunds)
      return [position, Math.max(0, count - given)]
    }),
  )
}

const sumOf = (lines: readonly Pick<StatementLine, 'count'>[]) => lines.reduce((sum, { count }) => sum + count, 0)

/** `PAS-2026-000012`: prefix, year of issue in Paris, place in the series of that issuer and year. */
export function statementNumber(series: { readonly prefix: string; readonly year: number; readonly sequence: number }): string {
  assert(series.sequence >= 1 && series.sequence <= 999_999, 'a series has six digits')
  return `${series.prefix}-${series.year}-${String(series.sequence).padStart(6, '0')}`
}

const numberShape = /^[A-Z0-9]{1,10}-20\d{2}-\d{6}$/

/** True for what a number of ours looks like: anything else is "not there" at every door. */
export function isStatementNumber(text: string): boolean {
  return numberShape.test(text)
}

const paymentDaysMax = 60

function dayIn(day: string, days: number): string {
  assert(Number.isInteger(days) && days >= 0 && days <= paymentDaysMax, 'a term of payment is at most sixty days')
  let due = day
  for (let passed = 0; passed < days; passed++) due = dayAfter(due)
  return due
}

/** `1234.05`, the way that EN 16931, CSV and JSON write cents. */
export function decimalOf(cents: number): string {
  assert(Number.isSafeInteger(cents), 'an amount is whole cents')
  const digits = String(Math.abs(cents)).padStart(3, '0')
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
