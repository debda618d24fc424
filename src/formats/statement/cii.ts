/** A statement as EN 16931 wants it: UN/CEFACT Cross Industry Invoice (D22B), profile EN 16931 of Factur-X. BT and BG numbers are the standard's. */
import { decimalOf, type Statement, type StatementLine } from '../../domain/statement.ts'
import { type XmlElement, xml, xmlBytes } from '../cda/xml.ts'
import { lineText, statementText } from './text-fr.ts'

const namespaces = {
  'xmlns:rsm': 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
  'xmlns:qdt': 'urn:un:unece:uncefact:data:standard:QualifiedDataType:100',
  'xmlns:ram': 'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
  'xmlns:udt': 'urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100',
}
/** BT-24: the core invoice, without extension. */
const guideline = 'urn:cen.eu:en16931:2017'
/** BT-23, French list of cases: a plain invoice for services. */
const businessProcess = 'S1'
/** UNTDID 1001. */
const typeCodes = { invoice: '380', 'credit-note': '381' } as const
/** UN/ECE Rec 20: "one". */
const unitCode = 'C62'
/** UNTDID 4461: credit transfer. */
const creditTransfer = '30'
/** ICD 0002: the French register of companies (SIREN). */
const sirenScheme = '0002'

/** UTF-8 bytes of `factur-x.xml`. Texts were refused long before where XML could not hold them. */
export function ciiOf(statement: Statement): Uint8Array {
  return xmlBytes(xml('rsm:CrossIndustryInvoice', namespaces, context(), header(statement), transaction(statement)))
}

function context(): XmlElement {
  return xml(
    'rsm:ExchangedDocumentContext',
    null,
    xml('ram:BusinessProcessSpecifiedDocumentContextParameter', null, text('ram:ID', businessProcess)), // BT-23
    xml('ram:GuidelineSpecifiedDocumentContextParameter', null, text('ram:ID', guideline)), // BT-24
  )
}

function header(statement: Statement): XmlElement {
  const { issuer, credited, demonstration } = statement
  const notes: (readonly [string, string | null])[] = [
    ...(demonstration ? [[statementText.demonstrationNote, null] as const] : []),
    ...(credited ? [[`${statementText.reason} : ${credited.reason}`, null] as const] : []),
    [statementText.recoveryFee, 'PMT'],
    [statementText.latePenalties, 'PMD'],
    [statementText.noDiscount, 'AAB'],
    ...issuer.legalMentions.map((line) => [line, null] as const),
  ]
  return xml(
    'rsm:ExchangedDocument',
    null,
    text('ram:ID', statement.number), // BT-1
    text('ram:TypeCode', typeCodes[statement.kind]), // BT-3
    xml('ram:IssueDateTime', null, date('udt', statement.issuedOn)), // BT-2
    ...notes.map(([content, subject]) =>
      xml('ram:IncludedNote', null, text('ram:Content', content), subject === null ? null : text('ram:SubjectCode', subject)),
    ), // BG-1
  )
}

function transaction(statement: Statement): XmlElement {
  return xml(
    'rsm:SupplyChainTradeTransaction',
    null,
    ...statement.lines.map((line) => lineItem(statement, line)),
    agreement(statement),
    xml(
      'ram:ApplicableHeaderTradeDelivery',
      null,
      xml(
        'ram:ActualDeliverySupplyChainEvent',
        null,
        xml('ram:OccurrenceDateTime', null, date('udt', statement.lastDay)), // BT-72
      ),
    ),
    settlement(statement),
  )
}

/** BG-25. The price is never below zero (BR-27): what is given back counts below zero. */
function lineItem(statement: Statement, line: StatementLine): XmlElement {
  return xml(
    'ram:IncludedSupplyChainTradeLineItem',
    null,
    xml('ram:AssociatedDocumentLineDocument', null, text('ram:LineID', String(line.position))), // BT-126
    xml('ram:SpecifiedTradeProduct', null, text('ram:Name', lineText(line))), // BT-153
    xml(
      'ram:SpecifiedLineTradeAgreement',
      null,
      xml('ram:NetPriceProductTradePrice', null, text('ram:ChargeAmount', decimalOf(line.unitCents))), // BT-146
    ),
    xml('ram:SpecifiedLineTradeDelivery', null, xml('ram:BilledQuantity', { unitCode }, String(line.count))), // BT-129
    xml(
      'ram:SpecifiedLineTradeSettlement',
      null,
      xml('ram:ApplicableTradeTax', null, text('ram:TypeCode', 'VAT'), ...category(statement)),
      xml(
        'ram:SpecifiedTradeSettlementLineMonetarySummation',
        null,
        text('ram:LineTotalAmount', decimalOf(line.netCents)), // BT-131
      ),
    ),
  )
}

function agreement({ issuer, buyer }: Statement): XmlElement {
  return xml(
    'ram:ApplicableHeaderTradeAgreement',
    null,
    xml(
      'ram:SellerTradeParty', // BG-4
      null,
      text('ram:Name', issuer.name),
      xml('ram:SpecifiedLegalOrganization', null, xml('ram:ID', { schemeID: sirenScheme }, issuer.siren)), // BT-30
      address(issuer.address),
      xml('ram:SpecifiedTaxRegistration', null, xml('ram:ID', { schemeID: 'VA' }, issuer.vatNumber)), // BT-31
    ),
    xml(
      'ram:BuyerTradeParty', // BG-7
      null,
      text('ram:ID', buyer.finess), // BT-46
      text('ram:Name', buyer.name),
      address({ ...buyer, country: 'FR' }),
    ),
  )
}

type Address = { readonly addressLine: string; readonly postalCode: string; readonly city: string; readonly country: string }

function address({ addressLine, postalCode, city, country }: Address): XmlElement {
  return xml(
    'ram:PostalTradeAddress',
    null,
    text('ram:PostcodeCode', postalCode),
    text('ram:LineOne', addressLine),
    text('ram:CityName', city),
    text('ram:CountryID', country),
  )
}

function settlement(statement: Statement): XmlElement {
  const { issuer, kind, credited } = statement
  return xml(
    'ram:ApplicableHeaderTradeSettlement',
    null,
    text('ram:PaymentReference', statement.number), // BT-83
    text('ram:InvoiceCurrencyCode', statement.currency), // BT-5
    kind === 'invoice' && issuer.iban !== null
      ? xml(
          'ram:SpecifiedTradeSettlementPaymentMeans',
          null,
          text('ram:TypeCode', creditTransfer), // BT-81
          xml('ram:PayeePartyCreditorFinancialAccount', null, text('ram:IBANID', issuer.iban)), // BT-84
        )
      : null,
    vatBreakdown(statement),
    xml(
      'ram:BillingSpecifiedPeriod', // BG-14
      null,
      xml('ram:StartDateTime', null, date('udt', statement.firstDay)),
      xml('ram:EndDateTime', null, date('udt', statement.lastDay)),
    ),
    xml('ram:SpecifiedTradePaymentTerms', null, xml('ram:DueDateDateTime', null, date('udt', statement.dueOn))), // BT-9
    summation(statement),
    credited
      ? xml(
          'ram:InvoiceReferencedDocument', // BG-3
          null,
          text('ram:IssuerAssignedID', credited.number),
          xml('ram:FormattedIssueDateTime', null, date('qdt', credited.issuedOn)),
        )
      : null,
  )
}

/** BG-23: one rate, so one breakdown. Without VAT the reason is due (BR-E-10). */
function vatBreakdown(statement: Statement): XmlElement {
  const exempt = statement.vatRateBasisPoints === 0
  const [code, rate] = category(statement)
  return xml(
    'ram:ApplicableTradeTax',
    null,
    text('ram:CalculatedAmount', decimalOf(statement.vatCents)), // BT-117
    text('ram:TypeCode', 'VAT'),
    exempt ? text('ram:ExemptionReason', statementText.exempt) : null, // BT-120
    text('ram:BasisAmount', decimalOf(statement.netCents)), // BT-116
    code,
    exempt ? text('ram:ExemptionReasonCode', 'VATEX-FR-FRANCHISE') : null, // BT-121
    rate,
  )
}

/** Category and rate of VAT: standard, or exempt. */
function category({ vatRateBasisPoints }: Statement): readonly [XmlElement, XmlElement] {
  return [
    text('ram:CategoryCode', vatRateBasisPoints === 0 ? 'E' : 'S'),
    text('ram:RateApplicablePercent', decimalOf(vatRateBasisPoints)),
  ]
}

function summation(statement: Statement): XmlElement {
  const { netCents, vatCents, grossCents, currency } = statement
  return xml(
    'ram:SpecifiedTradeSettlementHeaderMonetarySummation', // BG-22
    null,
    text('ram:LineTotalAmount', decimalOf(netCents)), // BT-106
    text('ram:TaxBasisTotalAmount', decimalOf(netCents)), // BT-109
    xml('ram:TaxTotalAmount', { currencyID: currency }, decimalOf(vatCents)), // BT-110
    text('ram:GrandTotalAmount', decimalOf(grossCents)), // BT-112
    text('ram:DuePayableAmount', decimalOf(grossCents)), // BT-115
  )
}

function text(name: string, value: string): XmlElement {
  return xml(name, null, value)
}

/** Format 102 of UNTDID 2379: `20261031`. */
function date(namespace: 'udt' | 'qdt', day: string): XmlElement {
  return xml(`${namespace}:DateTimeString`, { format: '102' }, day.replaceAll('-', ''))
}
