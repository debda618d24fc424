/** Broken `tariff.yaml`: each row is a small edit of the example. */
import type { BrokenConfig } from './broken-config.ts'

export const brokenTariffs: readonly BrokenConfig[] = [
  {
    title: 'a price with a decimal point',
    edits: [['tariff', 'amountCents: 100', 'amountCents: 1.5']],
    mistakes: ['tariff.yaml:11:18  tariffs[0].amountCents: expected a whole number from 0 to 100000, found 1.5'],
  },
  {
    title: 'a default price that begins one day',
    edits: [['tariff', '    amountCents: 100', '    amountCents: 100\n    from: 2026-01-01']],
    mistakes: ['tariff.yaml:12:11  tariffs[0].from: leaves a gap: the first default tariff is in force since ever, without from'],
  },
  {
    title: 'a default price that ends',
    edits: [['tariff', '    amountCents: 100', '    amountCents: 100\n    to: 2026-12-31']],
    mistakes: [
      'tariff.yaml:12:9  tariffs[0].to: leaves a gap: the last default tariff is in force until further notice, without to',
    ],
  },
  {
    title: 'two prices on one day',
    edits: [['tariff', 'from: 2027-01-01', 'from: 2026-12-31']],
    mistakes: ['tariff.yaml:23:15  pharmacies[0].tariffs[1].from: overlaps: the tariff before it is in force until 2026-12-31'],
  },
  {
    title: 'a day without a price',
    edits: [['tariff', 'from: 2027-01-01', 'from: 2027-01-02']],
    mistakes: ['tariff.yaml:23:15  pharmacies[0].tariffs[1].from: leaves a gap: no price from 2027-01-01 on'],
  },
  {
    title: 'a second price without a first day',
    edits: [['tariff', '        from: 2027-01-01\n', '']],
    mistakes: ['tariff.yaml:21:9  pharmacies[0].tariffs[1]: overlaps: expected from, the day after 2026-12-31'],
  },
  {
    title: 'a price that ends before it begins',
    edits: [['tariff', 'to: 2026-12-31', 'to: 2025-12-31']],
    mistakes: [
      'tariff.yaml:20:13  pharmacies[0].tariffs[0].to: expected the day of from, which is 2026-01-01, or a later one',
      'tariff.yaml:23:15  pharmacies[0].tariffs[1].from: leaves a gap: no price from 2026-01-01 on',
    ],
  },
  {
    title: 'two prices with one id',
    edits: [['tariff', 'id: tilleuls-2027', 'id: tilleuls-2026']],
    mistakes: ['tariff.yaml:21:13  pharmacies[0].tariffs[1].id: another tariff of the list has this id'],
  },
  {
    title: 'a price for a pharmacy that nobody declared',
    edits: [['tariff', '"019999044"', '"759999022"']],
    mistakes: ['tariff.yaml:15:13  pharmacies[0].finess: pharmacies.yaml declares no pharmacy with this FINESS number'],
  },
  {
    title: 'a SIREN number with a wrong key',
    edits: [['tariff', 'siren: "999000003"', 'siren: "999000004"']],
    mistakes: ['tariff.yaml:32:10  issuer.siren: is not a SIREN number: its last digit (the Luhn key) does not agree'],
  },
  {
    title: 'the VAT number of another company',
    edits: [['tariff', 'FR42999000003', 'FR42732829320']],
    mistakes: ['tariff.yaml:33:14  issuer.vatNumber: expected the SIREN number at its end'],
  },
  {
    title: 'an IBAN with two digits exchanged',
    edits: [['tariff', 'FR7699999000000000000000130', 'FR7699999000000000000000310']],
    mistakes: ['tariff.yaml:34:9  issuer.iban: is not an IBAN: its key (the two digits after the country) does not agree'],
  },
  {
    title: 'no issuer where production bills',
    edits: [],
    files: { 'tariff.yaml': 'vatRateBasisPoints: 2000\n' },
    mistakes: ['tariff.yaml:1:1  issuer: missing: production needs to know who issues the statements of what is billed'],
  },
]
