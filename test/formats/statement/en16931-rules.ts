/** Business rules of EN 16931-1 and of the French specification that apply to our statements, read from the XML by a reader of its own. */
import { DOMParser, type Node } from '../../statements/small-xml.ts'

type Rule = { readonly id: string; holds(invoice: Invoice): boolean }
type Invoice = {
  readonly root: Node
  readonly header: Node
  readonly settlement: Node
  readonly sums: Node
  readonly taxes: readonly Node[]
  readonly lines: readonly Node[]
  readonly seller: Node
  readonly buyer: Node
}

/** Ids of the rules that the invoice breaks. */
export function listBrokenRules(xml: string): readonly string[] {
  const root = DOMParser.parse(xml)
  const one = (name: string, from = root): Node => {
    const [found] = from.all(name)
    if (!found) throw new Error(`no ${name}`)
    return found
  }
  const settlement = one('ram:ApplicableHeaderTradeSettlement')
  const invoice: Invoice = {
    ...{ root, settlement, header: one('rsm:ExchangedDocument') },
    sums: one('ram:SpecifiedTradeSettlementHeaderMonetarySummation', settlement),
    taxes: settlement.children.filter((child) => child.name === 'ram:ApplicableTradeTax'),
    lines: root.all('ram:IncludedSupplyChainTradeLineItem'),
    ...{ seller: one('ram:SellerTradeParty'), buyer: one('ram:BuyerTradeParty') },
  }
  return rules.filter((rule) => !rule.holds(invoice)).map((rule) => rule.id)
}

const textOf = (from: Node, name: string): string => from.all(name)[0]?.text.trim() ?? ''
const isFilled = (from: Node, name: string) => textOf(from, name) !== ''
/** At most two decimals (BR-DEC-…); NaN for anything else. */
const cents = (from: Node, name: string): number => {
  const text = textOf(from, name)
  return /^-?\d+(\.\d{1,2})?$/.test(text) ? Math.round(Number(text) * 100) : Number.NaN
}
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const near = (a: number, b: number) => Math.abs(a - b) <= 0.5

const rules: readonly Rule[] = [
  {
    id: 'BR-01',
    holds: ({ root }) =>
      root
        .all('ram:GuidelineSpecifiedDocumentContextParameter')
        .some((node) => textOf(node, 'ram:ID') === 'urn:cen.eu:en16931:2017'),
  },
  { id: 'BR-02', holds: ({ header }) => isFilled(header, 'ram:ID') },
  { id: 'BR-03', holds: ({ header }) => isDate(header.all('udt:DateTimeString')[0]) },
  { id: 'BR-04', holds: ({ header }) => ['380', '381'].includes(textOf(header, 'ram:TypeCode')) },
  { id: 'BR-05', holds: ({ settlement }) => textOf(settlement, 'ram:InvoiceCurrencyCode') === 'EUR' },
  { id: 'BR-06', holds: ({ seller }) => isFilled(seller, 'ram:Name') },
  { id: 'BR-07', holds: ({ buyer }) => isFilled(buyer, 'ram:Name') },
  { id: 'BR-08', holds: ({ seller }) => seller.all('ram:PostalTradeAddress').length === 1 },
  { id: 'BR-09', holds: ({ seller }) => isFilled(seller, 'ram:CountryID') },
  { id: 'BR-10', holds: ({ buyer }) => buyer.all('ram:PostalTradeAddress').length === 1 },
  { id: 'BR-11', holds: ({ buyer }) => isFilled(buyer, 'ram:CountryID') },
  { id: 'BR-16', holds: ({ lines }) => lines.length > 0 },
  {
    id: 'BR-21',
    holds: ({ lines }) =>
      lines.every((line) => isFilled(line, 'ram:LineID')) &&
      new Set(lines.map((line) => textOf(line, 'ram:LineID'))).size === lines.length,
  },
  {
    id: 'BR-23',
    holds: ({ lines }) => lines.every((line) => line.all('ram:BilledQuantity')[0]?.attributes['unitCode'] === 'C62'),
  },
  { id: 'BR-25', holds: ({ lines }) => lines.every((line) => isFilled(line, 'ram:Name')) },
  { id: 'BR-27', holds: ({ lines }) => lines.every((line) => cents(line, 'ram:ChargeAmount') >= 0) },
  { id: 'BR-29', holds: ({ settlement }) => period(settlement) },
  {
    id: 'BR-49',
    holds: ({ settlement }) =>
      settlement.all('ram:SpecifiedTradeSettlementPaymentMeans').every((means) => isFilled(means, 'ram:TypeCode')),
  },
  {
    id: 'BR-50',
    holds: ({ settlement }) =>
      settlement.all('ram:SpecifiedTradeSettlementPaymentMeans').every((means) => isFilled(means, 'ram:IBANID')),
  },
  {
    id: 'BR-55',
    holds: ({ settlement }) =>
      settlement.all('ram:InvoiceReferencedDocument').every((node) => isFilled(node, 'ram:IssuerAssignedID')),
  },
  { id: 'BR-CO-04', holds: ({ lines }) => lines.every((line) => isFilled(line, 'ram:CategoryCode')) },
  {
    id: 'BR-CO-09',
    holds: ({ seller }) => seller.all('ram:SpecifiedTaxRegistration').every((node) => /^[A-Z]{2}/.test(textOf(node, 'ram:ID'))),
  },
  {
    id: 'BR-CO-10',
    holds: ({ sums, lines }) =>
      cents(sums, 'ram:LineTotalAmount') === sum(lines.map((line) => cents(line, 'ram:LineTotalAmount'))),
  },
  { id: 'BR-CO-11', holds: ({ sums }) => sums.all('ram:AllowanceTotalAmount').length === 0 },
  { id: 'BR-CO-12', holds: ({ sums }) => sums.all('ram:ChargeTotalAmount').length === 0 },
  { id: 'BR-CO-13', holds: ({ sums }) => cents(sums, 'ram:TaxBasisTotalAmount') === cents(sums, 'ram:LineTotalAmount') },
  {
    id: 'BR-CO-14',
    holds: ({ sums, taxes }) => cents(sums, 'ram:TaxTotalAmount') === sum(taxes.map((tax) => cents(tax, 'ram:CalculatedAmount'))),
  },
  {
    id: 'BR-CO-15',
    holds: ({ sums }) =>
      cents(sums, 'ram:GrandTotalAmount') === cents(sums, 'ram:TaxBasisTotalAmount') + cents(sums, 'ram:TaxTotalAmount') &&
      sums.all('ram:TaxTotalAmount')[0]?.attributes['currencyID'] === 'EUR',
  },
  { id: 'BR-CO-16', holds: ({ sums }) => cents(sums, 'ram:DuePayableAmount') === cents(sums, 'ram:GrandTotalAmount') },
  {
    id: 'BR-CO-17',
    holds: ({ taxes }) =>
      taxes.every((tax) =>
        near(
          cents(tax, 'ram:CalculatedAmount'),
          (cents(tax, 'ram:BasisAmount') * Number(textOf(tax, 'ram:RateApplicablePercent'))) / 100,
        ),
      ),
  },
  { id: 'BR-CO-18', holds: ({ taxes }) => taxes.length > 0 },
  {
    id: 'BR-CO-19',
    holds: ({ settlement }) => settlement.all('ram:BillingSpecifiedPeriod').every((node) => node.children.length > 0),
  },
  {
    id: 'BR-CO-25',
    holds: ({ sums, settlement }) =>
      !(cents(sums, 'ram:DuePayableAmount') > 0) ||
      isDate(settlement.all('ram:SpecifiedTradePaymentTerms')[0]?.all('udt:DateTimeString')[0]),
  },
  {
    id: 'BR-CO-26',
    holds: ({ seller }) =>
      seller.all('ram:SpecifiedTaxRegistration').some((node) => node.all('ram:ID')[0]?.attributes['schemeID'] === 'VA'),
  },
  {
    id: 'BR-S-01',
    holds: ({ taxes, lines }) =>
      lines.every((line) => textOf(line, 'ram:CategoryCode') !== 'S') ||
      taxes.some((tax) => textOf(tax, 'ram:CategoryCode') === 'S'),
  },
  {
    id: 'BR-S-02',
    holds: ({ seller }) =>
      isFilled(seller, 'ram:SpecifiedTaxRegistration') || seller.all('ram:SpecifiedTaxRegistration').length > 0,
  },
  {
    id: 'BR-S-05',
    holds: ({ lines }) =>
      lines.every((line) => textOf(line, 'ram:CategoryCode') !== 'S' || Number(textOf(line, 'ram:RateApplicablePercent')) > 0),
  },
  { id: 'BR-S-08', holds: (invoice) => breakdownMatches(invoice, 'S') },
  {
    id: 'BR-S-09',
    holds: ({ taxes }) =>
      of(taxes, 'S').every((tax) =>
        near(
          cents(tax, 'ram:CalculatedAmount'),
          (cents(tax, 'ram:BasisAmount') * Number(textOf(tax, 'ram:RateApplicablePercent'))) / 100,
        ),
      ),
  },
  {
    id: 'BR-S-10',
    holds: ({ taxes }) =>
      of(taxes, 'S').every((tax) => !isFilled(tax, 'ram:ExemptionReason') && !isFilled(tax, 'ram:ExemptionReasonCode')),
  },
  {
    id: 'BR-E-05',
    holds: ({ lines }) =>
      lines.every((line) => textOf(line, 'ram:CategoryCode') !== 'E' || Number(textOf(line, 'ram:RateApplicablePercent')) === 0),
  },
  { id: 'BR-E-08', holds: (invoice) => breakdownMatches(invoice, 'E') },
  { id: 'BR-E-09', holds: ({ taxes }) => of(taxes, 'E').every((tax) => cents(tax, 'ram:CalculatedAmount') === 0) },
  { id: 'BR-E-10', holds: ({ taxes }) => of(taxes, 'E').every((tax) => isFilled(tax, 'ram:ExemptionReason')) },
  // French rules: number of at most 35 plain characters, the three coded mentions, the case of invoicing, the SIREN.
  { id: 'BR-FR-01', holds: ({ header }) => /^[A-Za-z0-9_/+-]{0,35}$/.test(textOf(header, 'ram:ID')) },
  {
    id: 'BR-FR-05',
    holds: ({ header }) =>
      ['PMT', 'PMD', 'AAB'].every((code) => header.all('ram:SubjectCode').some((node) => node.text === code)),
  },
  {
    id: 'BR-FR-08',
    holds: ({ root }) =>
      root.all('ram:BusinessProcessSpecifiedDocumentContextParameter').some((node) => textOf(node, 'ram:ID') === 'S1'),
  },
  {
    id: 'BR-FR-10',
    holds: ({ seller }) =>
      seller
        .all('ram:SpecifiedLegalOrganization')
        .some((node) => node.all('ram:ID')[0]?.attributes['schemeID'] === '0002' && /^\d{9}$/.test(textOf(node, 'ram:ID'))),
  },
]

const of = (taxes: readonly Node[], category: string) => taxes.filter((tax) => textOf(tax, 'ram:CategoryCode') === category)

function breakdownMatches({ taxes, lines }: Invoice, category: string): boolean {
  const mine = lines.filter((line) => textOf(line, 'ram:CategoryCode') === category)
  return of(taxes, category).every(
    (tax) => cents(tax, 'ram:BasisAmount') === sum(mine.map((line) => cents(line, 'ram:LineTotalAmount'))),
  )
}

function isDate(node: Node | undefined): boolean {
  return node?.attributes['format'] === '102' && /^20\d{6}$/.test(node.text)
}

function period(settlement: Node): boolean {
  return settlement.all('ram:BillingSpecifiedPeriod').every((node) => {
    const [from, until] = node.all('udt:DateTimeString')
    return isDate(from) && isDate(until) && (from?.text ?? '') <= (until?.text ?? '')
  })
}
