/** A test kit: a device of the catalogue, with the analytes that it reads. */
import type { Analyte } from './screening.ts'
import type { Udi } from './udi.ts'

export type TestKit = {
  /** Device id of the EU JRC database. */
  readonly id: string
  readonly maker: string
  readonly name: string
  readonly analytes: readonly [Analyte, ...Analyte[]]
  readonly udi: Udi | null
}
