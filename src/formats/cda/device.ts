/** The test kit as the document names it: its UDI, and its maker, reference, lot and expiry in words. */
import type { UsedTestKit } from '../../domain/screening.ts'
import type { Udi } from '../../domain/udi.ts'

/** GS1 character set 82 without parentheses, which mark the application identifiers in the readable form. */
const gs1Lot = /^[A-Za-z0-9!"%&'*+,\-./:;<=>?_]{1,20}$/

/**
 * The UDI as the box prints it: for GS1 `(01)device(17)YYMMDD(10)lot`, as far as expiry and lot are known and GS1 can hold
 * them. Other issuers join production data in ways that depend on the label, so their device identifier stands alone; the
 * lot and the expiry are in the narrative in any case.
 */
export function udiText(udi: Udi, kit: UsedTestKit): string {
  if (udi.issuer !== 'gs1' || !/^\d{14}$/.test(udi.deviceIdentifier)) return udi.deviceIdentifier
  const expiry = kit.expiry === null ? '' : `(17)${kit.expiry.slice(2).replaceAll('-', '')}`
  const lot = kit.lot === null || !gs1Lot.test(kit.lot) ? '' : `(10)${kit.lot}`
  return `(01)${udi.deviceIdentifier}${expiry}${lot}`
}

/** `maker | reference | lot | expiry`, the form of the model; what was not captured says so. */
export function kitText({ maker, name, lot, expiry }: UsedTestKit): string {
  return [maker, name, lot ?? 'lot non renseigné', expiry === null ? 'péremption non renseignée' : frenchDate(expiry)].join(' | ')
}

/** `YYYY-MM-DD` as `DD/MM/YYYY`. */
export function frenchDate(date: string): string {
  return date.split('-').reverse().join('/')
}
