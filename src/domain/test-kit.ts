/** A test kit: a device of the catalogue, with the analytes that it reads. */
import type { Analyte } from './screening.ts'

export const udiIssuers = ['gs1', 'hibcc', 'iccbba'] as const
export type UdiIssuer = (typeof udiIssuers)[number]
/** Device identifier part of a UDI, as printed on the box. */
export type Udi = { readonly issuer: UdiIssuer; readonly deviceIdentifier: string }

export type TestKit = {
  /** Device id of the EU JRC database. */
  readonly id: string
  readonly maker: string
  readonly name: string
  readonly analytes: readonly [Analyte, ...Analyte[]]
  readonly udi: Udi | null
}
