/** A pharmacy (officine): the tenant, identified by its FINESS; declared in config, given an id in the database. */
import type { Finess } from './finess.ts'

export type PharmacySettings = {
  readonly finess: Finess
  readonly name: string
  readonly addressLine: string
  readonly postalCode: string
  readonly city: string
  readonly phone: string | null
}

export type Pharmacy = PharmacySettings & { readonly id: string }
