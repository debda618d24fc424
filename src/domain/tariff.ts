/** What a receipt costs: prices by pharmacy and by Paris day, the price at an instant, and months as they are billed. */
import { assert } from '../base/assert.ts'
import type { Finess } from './finess.ts'
import { parisDayBounds, parisWallTime } from './paris-time.ts'
import type { Profile } from './profile.ts'

/** One price and the Paris days on which it is in force, both included; null: since ever, until further notice. */
export type TariffPeriod = {
  readonly id: string
  /** Integer cents of the settings' currency, VAT not included. */
  readonly amountCents: number
  readonly from: string | null
  readonly to: string | null
}

/** Who issues the statements, as the law wants it written on each. */
export type Issuer = {
  readonly name: string
  readonly address: {
    readonly addressLine: string
    readonly postalCode: string
    readonly city: string
    /** ISO 3166-1 alpha-2. */
    readonly country: string
  }
  /** Nine digits with their key. */
  readonly siren: string
  /** `FR`, two characters, SIREN. */
  readonly vatNumber: string
  readonly iban: string | null
  readonly legalMentions: readonly string[]
  /** Days after its issue within which a statement is to be paid, at most 60 (C. com. L441-10). */
  readonly paymentDays: number
  /** Begins the number of every statement. */
  readonly invoicePrefix: string
}

export type TariffSettings = {
  readonly currency: 'EUR'
  /** Hundredths of a percent: 2000 is 20 %. */
  readonly vatRateBasisPoints: number
  /** True: a cancellation that the destination took gives the charge back. */
  readonly refundOnCancellation: boolean
  /** The default: one after another without a gap, the first since ever, the last until further notice. */
  readonly tariffs: readonly TariffPeriod[]
  /** Prices agreed with one pharmacy; where none of its own is in force, the default is. */
  readonly pharmacies: readonly { readonly finess: Finess; readonly tariffs: readonly TariffPeriod[] }[]
  /** Null only where nothing is billed, or outside production. */
  readonly issuer: Issuer | null
}

/** A price between two instants: from the first on, before the second; null: without that end. */
export type Price = {
  readonly tariffId: string
  readonly amountCents: number
  readonly from: Date | null
  readonly until: Date | null
}

/** What receipts of one pharmacy at a billed destination cost; which price counts is decided at the receipt's own instant. */
export type ChargeTerms = {
  readonly prices: readonly Price[]
  readonly currency: 'EUR'
  /** A cancellation that is taken gives the charge back. */
  readonly refundOnCancellation: boolean
  /** Written by the demonstration: its statements say so. */
  readonly demonstration: boolean
}

/** Null where receipts cost nothing. A pharmacy that left the configuration pays the default. */
export function chargeTermsOf(
  settings: TariffSettings,
  receipt: {
    readonly destination: { readonly billed: boolean; readonly test: boolean }
    readonly finess: Finess | null
    readonly profile: Profile
  },
): ChargeTerms | null {
  const { destination, finess, profile } = receipt
  if (!destination.billed || destination.test) return null
  const { currency, refundOnCancellation } = settings
  return { prices: pricesOf(settings, finess), currency, refundOnCancellation, demonstration: profile === 'demo' }
}

/** All prices of one pharmacy: the first in the list that is in force at an instant is the one that counts. */
export function pricesOf(settings: Pick<TariffSettings, 'tariffs' | 'pharmacies'>, finess: Finess | null): readonly Price[] {
  const own = settings.pharmacies.find((pharmacy) => pharmacy.finess === finess)?.tariffs ?? []
  return [...own, ...settings.tariffs].map(({ id, amountCents, from, to }) => ({
    tariffId: id,
    amountCents,
    from: from === null ? null : parisDayBounds(from).from,
    until: to === null ? null : parisDayBounds(to).until,
  }))
}

/** The price in force at an instant; storage chooses by the same rule, at its own clock. */
export function priceAt(prices: readonly Price[], instant: Date): Price {
  const found = prices.find(({ from, until }) => (from === null || from <= instant) && (until === null || instant < until))
  assert(found, 'the default tariff is in force at every instant')
  return found
}

/** `YYYY-MM` of an instant in Paris: the month in which a charge is billed. */
export function parisMonth(instant: Date): string {
  const { year, month } = parisWallTime(instant)
  return `${year}-${month}`
}

/** True for a month of this century, written `YYYY-MM`. */
export function isParisMonth(text: string): boolean {
  return /^20\d{2}-(0[1-9]|1[0-2])$/.test(text)
}

/** The month that many months later; earlier below zero. */
export function shiftMonth(month: string, months: number): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 7)
}

/** First and last Paris day (`YYYY-MM-DD`, both included) of a month `YYYY-MM`, and the instants at which it begins and ends. */
export function parisMonthBounds(month: string): {
  readonly firstDay: string
  readonly lastDay: string
  readonly from: Date
  readonly until: Date
} {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) throw new RangeError('not a month')
  const firstDay = `${month}-01`
  const [year = 0, number = 0] = month.split('-').map(Number)
  const lastDay = new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10)
  return { firstDay, lastDay, from: parisDayBounds(firstDay).from, until: parisDayBounds(lastDay).until }
}

/** The Paris day after this one. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
}
