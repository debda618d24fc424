/** Invented statements: an ordinary month, one with two prices, late charges and refunds, one without VAT, and a credit note. */

import type { Finess } from '../../src/domain/finess.ts'
import { type ChargedDay, draftCreditNote, draftInvoice, type Statement, statementNumber } from '../../src/domain/statement.ts'
import type { Issuer } from '../../src/domain/tariff.ts'

export const sampleIssuer: Issuer = {
  name: 'Passerelle & Fils <SAS>',
  address: { addressLine: '1 rue de l’Invention', postalCode: '75000', city: 'Paris', country: 'FR' },
  siren: '999000003',
  vatNumber: 'FR42999000003',
  iban: 'FR7699999000000000000000130',
  legalMentions: ['RCS Paris 999 000 003, capital de 10 000 €.'],
  paymentDays: 30,
  invoicePrefix: 'PAS',
}

export const sampleBuyer = {
  finess: '750023459' as Finess,
  name: 'Pharmacie « L’Œuvre » & Cie — Ÿ',
  addressLine: '3, place d’Italie',
  postalCode: '75013',
  city: 'Paris',
}

const numbered = (sequence: number) => ({ number: statementNumber({ prefix: 'PAS', year: 2026, sequence }) })

/** October 2026: every day a multiple of seven tests at a euro. */
export const octoberDays: readonly ChargedDay[] = Array.from({ length: 31 }, (_, index) => ({
  day: `2026-10-${String(index + 1).padStart(2, '0')}`,
  unitCents: 100,
  count: 1 + ((index * 7) % 90),
}))

export function sampleInvoice(overrides: Partial<Parameters<typeof draftInvoice>[0]> = {}, sequence = 12): Statement {
  const draft = draftInvoice({
    month: '2026-10',
    days: octoberDays,
    issuedOn: '2026-11-01',
    vatRateBasisPoints: 2000,
    issuer: sampleIssuer,
    buyer: sampleBuyer,
    demonstration: false,
    ...overrides,
  })
  if (!draft) throw new Error('an empty month')
  return { ...draft, ...numbered(sequence) }
}

export const mixedDays: readonly ChargedDay[] = [
  { day: '2026-09-30', unitCents: 80, count: 3 },
  { day: '2026-10-01', unitCents: 80, count: 41 },
  { day: '2026-10-02', unitCents: 97, count: 33 },
  { day: '2026-10-02', unitCents: 80, count: -2 },
]

export function sampleCreditNote(): Statement {
  const original = sampleInvoice()
  const drafted = draftCreditNote({
    original,
    earlier: [],
    items: [{ position: 1, count: 7 }],
    reason: '=Récepteur en double le 3 octobre ; geste commercial',
    issuedOn: '2026-11-12',
  })
  if (!drafted.ok) throw new Error(drafted.problem)
  return { ...drafted.value, ...numbered(13) }
}

export const sampleStatements: Readonly<Record<string, Statement>> = {
  'an ordinary month': sampleInvoice(),
  'two prices, late charges and refunds': sampleInvoice({ days: mixedDays, vatRateBasisPoints: 550 }),
  'a month without VAT': sampleInvoice({ vatRateBasisPoints: 0 }),
  'a demonstration': sampleInvoice({ demonstration: true }),
  'a month of refunds alone': sampleInvoice({ days: [{ day: '2026-10-05', unitCents: 100, count: -3 }] }),
  'a credit note': sampleCreditNote(),
}
