/** Schema of `pharmacies.yaml`: the pharmacies that this gateway serves. */
import * as z from 'zod'
import { administeredMax } from '../../domain/pharmacy-group.ts'
import { expected, finess, group, line, list, rpps, word } from './parts.ts'

export const pharmaciesSchema = group({
  pharmacies: list(
    group({
      finess: finess().describe('FINESS number of the officine, in quotes.'),
      name: line(120).describe('Name, as pages and messages show it.'),
      addressLine: line(120).describe('Number and street.'),
      postalCode: word(/^\d{5}$/, 'a postal code of five digits, in quotes').describe('Postal code, in quotes.'),
      city: line(60).describe('City.'),
      phone: word(
        /^(\+\d{8,15}|0[1-9]([ .-]?\d{2}){4})$/,
        'a telephone number in quotes, such as "01 23 45 67 89" or "+33123456789"',
      )
        .transform(internationalPhone)
        .nullable()
        .default(null)
        .describe('Telephone number, in quotes.'),
    }),
    { min: 1, max: 5000, of: 'pharmacies' },
  ).describe('The pharmacies, in any order.'),
  groups: list(
    group({
      name: line(120).describe('Name of the group.'),
      pharmacies: z
        .union([z.literal('all'), list(finess(), { min: 1, max: administeredMax, of: 'FINESS numbers' })], {
          error: expected('the word all, or a list of FINESS numbers'),
        })
        .describe('Its pharmacies: all, or their FINESS numbers.'),
      admins: list(rpps(), { min: 1, max: 20, of: 'RPPS numbers' }).describe(
        'RPPS numbers, in quotes, of those who see its ledgers and statements and write its credit notes; never patients.',
      ),
    }),
    { min: 0, max: 100, of: 'groups' },
  )
    .default([])
    .describe('Groups of pharmacies, and the people who administer them.'),
})
export type PharmaciesFile = z.input<typeof pharmaciesSchema>

/** `+33123456789` for a French number; others are already so. */
function internationalPhone(text: string): string {
  return text.startsWith('+') ? text : `+33${text.replaceAll(/\D/g, '').slice(1)}`
}
