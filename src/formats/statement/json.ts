/** A statement as JSON: integer cents, days of Paris, and nothing that is not on the PDF. */
import { utf8 } from '../../base/bytes.ts'
import type { Statement } from '../../domain/statement.ts'

/** UTF-8 bytes of one object, in a fixed order, so that the same statement gives the same bytes. */
export function jsonOf(statement: Statement): Uint8Array {
  const { issuer, buyer, lines, days, credited } = statement
  const document = {
    format: 'passerelle-statement',
    version: 1,
    number: statement.number,
    kind: statement.kind,
    demonstration: statement.demonstration,
    month: statement.month,
    firstDay: statement.firstDay,
    lastDay: statement.lastDay,
    issuedOn: statement.issuedOn,
    dueOn: statement.dueOn,
    currency: statement.currency,
    issuer: { name: issuer.name, siren: issuer.siren, vatNumber: issuer.vatNumber, address: issuer.address, iban: issuer.iban },
    buyer: {
      finess: buyer.finess,
      name: buyer.name,
      addressLine: buyer.addressLine,
      postalCode: buyer.postalCode,
      city: buyer.city,
    },
    credits: credited,
    lines: lines.map(({ position, month, late, count, unitCents, netCents }) => ({
      ...{ position, month, late, count, unitCents, netCents },
    })),
    days: days.map(({ day, unitCents, count }) => ({ day, unitCents, count })),
    vatRateBasisPoints: statement.vatRateBasisPoints,
    netCents: statement.netCents,
    vatCents: statement.vatCents,
    grossCents: statement.grossCents,
    legalMentions: issuer.legalMentions,
  }
  return utf8(`${JSON.stringify(document, null, 2)}\n`)
}
