/** Adds the figures of a statement again, from its files alone and with arithmetic of its own: nothing of the product is imported here. */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { DOMParser } from './small-xml.ts'

export type Files = { readonly csv: string; readonly json: string; readonly xml: string }
export type Figures = {
  readonly lines: bigint
  readonly net: bigint
  readonly vat: bigint
  readonly gross: bigint
  readonly count: bigint
}

/** Every complaint: a sum that is not its parts, or two formats that differ. Empty: all agree to the cent. */
export function reAdd(files: Files): readonly string[] {
  const read = { csv: fromCsv(files.csv), json: fromJson(files.json), xml: fromXml(files.xml) }
  const complaints = Object.entries(read).flatMap(([format, { said, added }]) =>
    (['lines', 'net', 'vat', 'gross', 'count'] as const)
      .filter((name) => said[name] !== added[name])
      .map((name) => `${format}: ${name} says ${said[name]}, adds up to ${added[name]}`),
  )
  for (const name of ['net', 'vat', 'gross', 'count'] as const) {
    const values = [read.csv.said[name], read.json.said[name], read.xml.said[name]]
    if (new Set(values).size !== 1) complaints.push(`${name}: csv, json and xml say ${values.join(', ')}`)
  }
  return complaints
}

type Reading = { readonly said: Figures; readonly added: Figures }
type Line = { readonly count: bigint; readonly unit: bigint; readonly net: bigint }

/** `rate` in basis points. Halves go away from zero. */
function reading(lines: readonly Line[], rate: bigint, said: Omit<Figures, 'lines' | 'count'>, dayCount: bigint | null): Reading {
  const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n)
  const net = sum(lines.map(({ count, unit }) => count * unit))
  const sign = net < 0n ? -1n : 1n
  const twice = (2n * sign * net * rate) / 10_000n
  const vat = sign * ((twice + 1n) / 2n)
  const count = sum(lines.map((line) => line.count))
  return {
    said: { ...said, lines: sum(lines.map((line) => line.net)), count: dayCount ?? count },
    added: { lines: net, net, vat, gross: net + vat, count },
  }
}

/** `12,34` or `12.34`, exactly two decimals. */
function cents(text: string): bigint {
  const match = /^(-?)(\d+)[.,](\d{2})$/.exec(text)
  if (!match) throw new Error(`no amount: ${text}`)
  return BigInt(`${match[1]}${match[2]}${match[3]}`)
}

function fromCsv(text: string): Reading {
  const [head = '', ...rest] = text.replace('\ufeff', '').trimEnd().split('\r\n')
  const names = head.split(';')
  const rows = rest.map((row) => {
    const cells = [...row.matchAll(/(?:^|;)(?:"((?:[^"]|"")*)"|([^;]*))/g)].map((cell) => cell[1] ?? cell[2] ?? '')
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? '']))
  })
  const of = (type: string) => rows.filter((row) => row.type === type)
  const lineOf = (row: Record<string, string>): Line => ({
    count: BigInt(row.quantite ?? ''),
    unit: cents(row.prix_unitaire_ht ?? ''),
    net: cents(row.montant_ht ?? ''),
  })
  const days = of('jour').map(lineOf)
  for (const day of days) if (day.net !== day.count * day.unit) throw new Error('a day does not add up')
  const [total] = of('total')
  const said = {
    net: cents(total?.montant_ht ?? ''),
    vat: cents(total?.montant_tva ?? ''),
    gross: cents(total?.montant_ttc ?? ''),
  }
  const dayCount = days.length === 0 ? null : days.reduce((sum, day) => sum + day.count, 0n)
  return reading(of('ligne').map(lineOf), cents(total?.taux_tva_pourcent ?? ''), said, dayCount)
}

function fromJson(text: string): Reading {
  const document = JSON.parse(text) as {
    lines: readonly { count: number; unitCents: number; netCents: number }[]
    days: readonly { count: number }[]
    vatRateBasisPoints: number
    netCents: number
    vatCents: number
    grossCents: number
  }
  const lines = document.lines.map(({ count, unitCents, netCents }) => ({
    count: BigInt(count),
    unit: BigInt(unitCents),
    net: BigInt(netCents),
  }))
  const dayCount = document.days.length === 0 ? null : document.days.reduce((sum, day) => sum + BigInt(day.count), 0n)
  const said = { net: BigInt(document.netCents), vat: BigInt(document.vatCents), gross: BigInt(document.grossCents) }
  return reading(lines, BigInt(document.vatRateBasisPoints), said, dayCount)
}

function fromXml(text: string): Reading {
  const root = DOMParser.parse(text)
  const one = (from: typeof root, name: string) => {
    const found = from.all(name)
    if (found.length !== 1 || !found[0]) throw new Error(`${name} stands ${found.length} times`)
    return found[0]
  }
  const lines = root.all('ram:IncludedSupplyChainTradeLineItem').map((item) => ({
    count: BigInt(one(item, 'ram:BilledQuantity').text),
    unit: cents(one(item, 'ram:ChargeAmount').text),
    net: cents(one(item, 'ram:LineTotalAmount').text),
  }))
  const settlement = one(root, 'ram:ApplicableHeaderTradeSettlement')
  const sums = one(settlement, 'ram:SpecifiedTradeSettlementHeaderMonetarySummation')
  const tax = one(settlement, 'ram:ApplicableTradeTax')
  const said = {
    net: cents(one(sums, 'ram:TaxBasisTotalAmount').text),
    vat: cents(one(sums, 'ram:TaxTotalAmount').text),
    gross: cents(one(sums, 'ram:GrandTotalAmount').text),
  }
  const again = [
    [one(sums, 'ram:LineTotalAmount'), said.net],
    [one(tax, 'ram:BasisAmount'), said.net],
    [one(tax, 'ram:CalculatedAmount'), said.vat],
    [one(sums, 'ram:DuePayableAmount'), said.gross],
  ] as const
  for (const [element, amount] of again) if (cents(element.text) !== amount) throw new Error('the XML contradicts itself')
  return reading(lines, cents(one(tax, 'ram:RateApplicablePercent').text), said, null)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const base = process.argv[2]
  if (base === undefined) {
    console.error('usage: node test/statements/re-add.ts PATH/NUMBER   (reads NUMBER.csv, NUMBER.json and NUMBER.xml)')
    process.exit(2)
  }
  const complaints = reAdd({
    csv: readFileSync(`${base}.csv`, 'utf8'),
    json: readFileSync(`${base}.json`, 'utf8'),
    xml: readFileSync(`${base}.xml`, 'utf8'),
  })
  for (const complaint of complaints) console.error(complaint)
  console.log(complaints.length === 0 ? 'all figures agree to the cent' : `${complaints.length} differences`)
  process.exitCode = complaints.length === 0 ? 0 : 1
}
