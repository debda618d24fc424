/** CDA data types: identifiers, codes, times, addresses, telecommunications, references into the narrative. */
import type { Address } from '../../domain/patient.ts'
import type { PharmacySettings } from '../../domain/pharmacy.ts'
import type { SystemCode } from './vocabulary.ts'
import { type XmlChild, type XmlElement, xml } from './xml.ts'

export function templateId(root: string, extension: string | null = null): XmlElement {
  return xml('templateId', { root, extension })
}

export function identifier(root: string, extension: string | null = null): XmlElement {
  return xml('id', { root, extension })
}

export function code(coded: SystemCode, ...children: readonly XmlChild[]): XmlElement {
  return codeNamed('code', coded, ...children)
}

export function codeNamed(name: string, coded: SystemCode, ...children: readonly XmlChild[]): XmlElement {
  return xml(name, codeAttributes(coded), ...children)
}

export function codeAttributes({ code: value, display, system, systemName }: SystemCode): Record<string, string | null> {
  return { code: value, displayName: display, codeSystem: system, codeSystemName: systemName ?? null }
}

/** `time` is already written, as `YYYYMMDDHHMMSS+ZZZZ`. */
export function point(name: string, time: string): XmlElement {
  return xml(name, { value: time })
}

export function since(time: string): XmlElement {
  return xml('effectiveTime', null, xml('low', { value: time }))
}

export function originalText(id: string): XmlElement {
  return xml('originalText', null, reference(id))
}

export function reference(id: string): XmlElement {
  return xml('reference', { value: `#${id}` })
}

/**
 * The line as it was typed goes into `streetName`: CI-SIS forbids `streetAddressLine` beside the parts of an address, and
 * guessing at a house number would be inventing one. What we do not hold is said to be unknown, never left to be guessed.
 */
export function patientAddress(address: Address | null): XmlElement {
  if (address === null) return xml('addr', { nullFlavor: 'UNK' })
  const { line, postalCode, city } = address
  return xml(
    'addr',
    { use: 'H' },
    line === null ? null : xml('streetName', null, line),
    postalCode === null ? null : xml('postalCode', null, postalCode),
    city === null ? null : xml('city', null, city),
    xml('country', null, 'FRANCE'),
  )
}

export function pharmacyAddress({ addressLine, postalCode, city }: PharmacySettings): XmlElement {
  return xml(
    'addr',
    null,
    xml('streetName', null, addressLine),
    xml('postalCode', null, postalCode),
    xml('city', null, city),
    xml('country', null, 'FRANCE'),
  )
}

export function pharmacyPhone({ phone }: PharmacySettings, use: 'WP' | null = null): XmlElement {
  return phone === null ? unknownTelecom() : xml('telecom', { value: `tel:${phone}`, use })
}

export function unknownTelecom(): XmlElement {
  return xml('telecom', { nullFlavor: 'UNK' })
}
