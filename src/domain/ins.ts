/** INS, the national health identity: a matricule and the authority that gave it. */
import type { Nir } from './nir.ts'

export const insAuthorities = ['nir', 'nia', 'nir-test', 'nir-demo'] as const
export type InsAuthority = (typeof insAuthorities)[number]
export type Ins = { readonly matricule: Nir; readonly authority: InsAuthority }

/** PROV nothing checked, VALI paper checked, RECUP from the INSi service, QUAL both (national-formats §6). */
export const identityStatuses = ['PROV', 'VALI', 'RECUP', 'QUAL'] as const
export type IdentityStatus = (typeof identityStatuses)[number]

const oids: Record<InsAuthority, string> = {
  nir: '1.2.250.1.213.1.4.8',
  nia: '1.2.250.1.213.1.4.9',
  'nir-test': '1.2.250.1.213.1.4.10',
  'nir-demo': '1.2.250.1.213.1.4.11',
}

/** OID of the authority: what receivers match on, since published samples misspell the names. */
export function insOid(authority: InsAuthority): string {
  return oids[authority]
}
