/** Schema of `tariff.yaml`: what a receipt costs, for whom and when, and who issues the statements. */
import type * as z from 'zod'
import { choice, country, day, finess, flag, group, identifier, line, list, wholeNumber, word } from './parts.ts'

/** One euro a receipt, as long as nothing else is written. */
export const tariffDefault = { id: 'standard', amountCents: 100 }
const vatRateDefault = 2000
/** The law's own term where none is agreed (C. com. L441-10), and the longest that it allows. */
const paymentDays = { usual: 30, max: 60 }

const periods = () =>
  list(
    group({
      id: identifier().describe('Identifier, kept with every charge: never change it.'),
      amountCents: wholeNumber(0, 100_000).describe('Price of one receipt in whole cents, VAT not included.'),
      from: day().nullable().default(null).describe('First day, Paris time; without it, since ever.'),
      to: day().nullable().default(null).describe('Last day, Paris time; without it, until further notice.'),
    }),
    { min: 1, max: 200, of: 'tariffs' },
  )

const issuer = group({
  name: line(120).describe('Name of the company.'),
  address: group({
    addressLine: line(120).describe('Number and street.'),
    postalCode: word(/^\d{5}$/, 'a postal code of five digits, in quotes').describe('Postal code, in quotes.'),
    city: line(60).describe('City.'),
    country: country().default('FR').describe('Country.'),
  }).describe('Seat of the company.'),
  siren: word(/^\d{9}$/, 'a SIREN number of nine digits, in quotes').describe('SIREN number, in quotes; its key is checked.'),
  vatNumber: word(/^FR[0-9A-HJ-NP-Z]{2}\d{9}$/, 'a French VAT number such as FR12345678901, without blanks').describe(
    'VAT number; it ends with the SIREN number.',
  ),
  iban: word(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/, 'an IBAN without blanks')
    .nullable()
    .default(null)
    .describe('IBAN to pay to, without blanks; its key is checked.'),
  legalMentions: list(line(300), { min: 0, max: 20, of: 'lines' })
    .default([])
    .describe('Lines printed on each statement: terms of payment, penalties, register of companies.'),
  paymentDays: wholeNumber(0, paymentDays.max)
    .default(paymentDays.usual)
    .describe('Days after its issue within which a statement is to be paid.'),
  invoicePrefix: word(/^[A-Z0-9]{1,10}$/, 'one to ten capitals and digits').describe(
    'Begins the number of every statement; never change it within a year.',
  ),
})

export const tariffSchema = group({
  currency: choice(['EUR']).default('EUR').describe('Currency of every amount.'),
  vatRateBasisPoints: wholeNumber(0, 10_000)
    .default(vatRateDefault)
    .describe('Rate of VAT in hundredths of a percent: 2000 is 20 %.'),
  refundOnCancellation: flag().default(false).describe('Whether a cancellation that the destination took gives the charge back.'),
  tariffs: periods()
    .prefault([tariffDefault])
    .describe('The default prices, one after another without a gap: the first since ever, the last until further notice.'),
  pharmacies: list(
    group({
      finess: finess().describe('FINESS number, as in pharmacies.yaml.'),
      tariffs: periods().describe('Its prices, one after another without a gap; before and after them, the default.'),
    }),
    { min: 0, max: 5000, of: 'pharmacies' },
  )
    .default([])
    .describe('Prices agreed with single pharmacies.'),
  issuer: issuer.optional().describe('Who issues the statements; mandatory in production where a destination is billed.'),
})
export type TariffFile = z.input<typeof tariffSchema>
