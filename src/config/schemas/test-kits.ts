/** Schema of `test-kits.yaml`: the catalogue of test kits that a capture may name. */
import type * as z from 'zod'
import { type Analyte, analytes } from '../../domain/screening.ts'
import { udiIssuers } from '../../domain/udi.ts'
import { choice, group, line, list, word } from './parts.ts'

export const testKitsSchema = group({
  testKits: list(
    group({
      id: word(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/,
        'an identifier of up to 40 letters, digits, dots and hyphens, in quotes',
      ).describe('Device id of the EU JRC database, in quotes.'),
      maker: line(120).describe('Maker.'),
      name: line(160).describe('Trade name.'),
      analytes: list(choice(analytes), { min: 1, max: analytes.length, of: 'analytes' })
        .transform((read) => read as [Analyte, ...Analyte[]]) // safe: at least one is asked for
        .describe('What the kit reads.'),
      udi: group({
        issuer: choice(udiIssuers).describe('Agency that issued the identifier.'),
        deviceIdentifier: word(/^[\x21-\x7e]{6,40}$/, 'a device identifier of 6 to 40 characters, in quotes').describe(
          'Device identifier (UDI-DI) printed on the box, in quotes.',
        ),
      })
        .nullable()
        .default(null)
        .describe('Identifier printed on the box, where it is known.'),
    }),
    { min: 1, max: 2000, of: 'test kits' },
  ).describe('The kits, in the order in which the form lists them.'),
})
export type TestKitsFile = z.input<typeof testKitsSchema>
