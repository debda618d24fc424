/** The pages of a statement: who, what, how much, by when; then the days. Black on white, figures aligned, nothing from outside. */
import type { Statement } from '../../domain/statement.ts'
import { countText, dayText, euroText, kindText, lineText, monthText, rateText, statementText } from './text-fr.ts'

export type Pen = PDFKit.PDFDocument

export const margin = 50
const right = 595.28 - margin
const width = right - margin
const bottom = 841.89 - margin - 20
const ink = '#14201d'
const soft = '#46544f'
const line = '#8a9a94'
const brand = '#0b5d4e'
const demo = '#5b2a86'

/** Columns of both tables: left edge and width; figures are set flush right. */
const columns = {
  label: { x: margin, width: 255 },
  count: { x: margin + 260, width: 65 },
  unit: { x: margin + 330, width: 80 },
  net: { x: margin + 415, width: width - 415 },
} as const
type Cells = { readonly [Name in keyof typeof columns]: string }

/** Three lines of a label, at most. */
const rowHeightMax = 45

type Look = {
  readonly size?: number
  readonly bold?: boolean
  readonly color?: string
  readonly align?: 'left' | 'right' | 'center'
}

/** `readable` replaces what the font cannot draw: PDF/A has no place for a glyph that is not there. */
export function drawStatement(pen: Pen, statement: Statement, readable: (text: string) => string): void {
  const page = new Page(pen, statement.demonstration, readable)
  heading(page, statement)
  parties(page, statement)
  table(page, statement)
  totals(page, statement)
  mentions(page, statement)
  if (statement.days.length > 0) days(page, statement)
  page.numberAll(statement.number)
}

/** Where the next thing goes, and what every page bears. */
class Page {
  y = margin
  readonly pen: Pen
  readonly #demonstration: boolean
  readonly #readable: (text: string) => string

  constructor(pen: Pen, demonstration: boolean, readable: (text: string) => string) {
    this.pen = pen
    this.#demonstration = demonstration
    this.#readable = readable
    this.#begin()
  }

  #begin(): void {
    this.y = margin
    if (!this.#demonstration) return
    this.pen.rect(margin, this.y - 22, width, 20).fill(demo)
    this.text(
      statementText.demonstration,
      { x: margin, width },
      { bold: true, color: '#ffffff', align: 'center', y: this.y - 19 },
    )
    this.y += 10
  }

  next(): void {
    this.pen.addPage()
    this.#begin()
  }

  /** Goes to a new page where less than `height` points are left. */
  need(height: number): void {
    if (this.y + height > bottom) this.next()
  }

  /** Answers the height in points that the text took. */
  text(text: string, box: { readonly x: number; readonly width: number }, look: Look & { readonly y?: number } = {}): number {
    const { size = 10, bold = false, color = ink, align = 'left', y = this.y } = look
    this.pen
      .font(bold ? 'bold' : 'regular')
      .fontSize(size)
      .fillColor(color)
    this.pen.text(this.#readable(text), box.x, y, { width: box.width, align })
    return this.pen.y - y
  }

  /** One line set flush right: measured here, since breaking lines costs more than drawing them. */
  figure(text: string, box: { readonly x: number; readonly width: number }, look: Look = {}): void {
    const { size = 10, bold = false, color = ink } = look
    this.pen
      .font(bold ? 'bold' : 'regular')
      .fontSize(size)
      .fillColor(color)
    this.pen.text(text, box.x + box.width - this.pen.widthOfString(text), this.y, { lineBreak: false })
  }

  rule(): void {
    this.pen.moveTo(margin, this.y).lineTo(right, this.y).lineWidth(0.7).strokeColor(line).stroke()
    this.y += 6
  }

  numberAll(number: string): void {
    const { start, count } = this.pen.bufferedPageRange()
    for (let index = 0; index < count; index++) {
      this.pen.switchToPage(start + index)
      // Below the margin, where pdfkit would begin a page of its own.
      this.pen.page.margins.bottom = 0
      const look = { size: 8, color: soft, y: 841.89 - margin + 8 }
      this.text(number, { x: margin, width: width / 2 }, look)
      this.text(statementText.page(index + 1, count), { x: margin + width / 2, width: width / 2 }, { ...look, align: 'right' })
    }
  }
}

function heading(page: Page, statement: Statement): void {
  const left = { x: margin, width: 300 }
  page.text(statement.issuer.name, left, { size: 12, bold: true, color: brand })
  page.y += 26
  page.y += page.text(kindText[statement.kind], { x: margin, width }, { size: 20, bold: true }) + 2
  page.y += page.text(capital(monthText(statement.month)), { x: margin, width }, { size: 13, color: soft }) + 10
  const { credited } = statement
  const facts: (readonly [string, string])[] = [
    [statementText.number, statement.number],
    [statementText.issuedOn, dayText(statement.issuedOn)],
    [statementText.period, statementText.periodOf(statement)],
    ...(credited ? [] : [[statementText.dueOn, dayText(statement.dueOn)] as const]),
  ]
  for (const [term, value] of facts) {
    page.text(term, { x: margin, width: 130 }, { color: soft })
    page.y += page.text(value, { x: margin + 135, width: width - 135 }, { bold: term === statementText.number }) + 3
  }
  if (credited) {
    page.y += 4
    page.y += page.text(statementText.credits(credited.number, dayText(credited.issuedOn)), { x: margin, width }, { bold: true })
    page.y += page.text(`${statementText.reason}\u00a0: ${credited.reason}`, { x: margin, width })
  }
  page.y += 14
}

function parties(page: Page, { issuer, buyer }: Statement): void {
  const half = width / 2 - 10
  const seller = [
    issuer.name,
    issuer.address.addressLine,
    `${issuer.address.postalCode} ${issuer.address.city}`,
    `${statementText.siren} ${issuer.siren}`,
    `${statementText.vatNumber} ${issuer.vatNumber}`,
  ]
  const client = [buyer.name, buyer.addressLine, `${buyer.postalCode} ${buyer.city}`, `${statementText.finess} ${buyer.finess}`]
  const top = page.y
  let lowest = top
  for (const [title, lines, x] of [
    [statementText.seller, seller, margin],
    [statementText.buyer, client, margin + width / 2 + 10],
  ] as const) {
    page.y = top
    page.y += page.text(title, { x, width: half }, { size: 9, color: soft }) + 2
    for (const [index, text] of lines.entries()) page.y += page.text(text, { x, width: half }, { bold: index === 0 }) + 1
    lowest = Math.max(lowest, page.y)
  }
  page.y = lowest + 18
}

function row(page: Page, cells: Cells, look: Look = {}): void {
  page.need(rowHeightMax)
  // Before the label, which may take two lines.
  for (const name of ['count', 'unit', 'net'] as const) page.figure(cells[name], columns[name], look)
  page.y += page.text(cells.label, columns.label, look) + 4
}

function header(page: Page, label: string): void {
  const { count, unit, net } = statementText
  row(page, { label, count, unit, net }, { size: 9, bold: true, color: soft })
  page.rule()
}

function table(page: Page, { lines }: Statement): void {
  header(page, statementText.line)
  for (const one of lines)
    row(page, { label: lineText(one), count: countText(one.count), unit: euroText(one.unitCents), net: euroText(one.netCents) })
  page.y += 2
  page.rule()
}

function totals(page: Page, statement: Statement): void {
  const { kind, netCents, vatCents, grossCents, vatRateBasisPoints } = statement
  page.need(90)
  const sum = (term: string, cents: number, look: Look = {}) => {
    page.text(term, { x: columns.count.x, width: 150 }, look)
    page.figure(euroText(cents), columns.net, look)
    page.y += (look.size ?? 10) * 1.4 + 3
  }
  sum(statementText.totalNet, netCents)
  sum(statementText.vat(rateText(vatRateBasisPoints)), vatCents)
  sum(statementText.totalGross, grossCents)
  page.y += 3
  sum(kind === 'invoice' ? statementText.toPay : statementText.toCredit, grossCents, { size: 13, bold: true, color: brand })
  page.y += 16
}

function mentions(page: Page, { kind, issuer, vatRateBasisPoints, demonstration }: Statement): void {
  const { iban } = issuer
  const payment =
    kind === 'invoice' && iban !== null ? [`${statementText.payTo}\u00a0: ${iban.replaceAll(/(.{4})(?=.)/g, '$1\u00a0')}`] : []
  const law = kind === 'invoice' ? [statementText.noDiscount, statementText.latePenalties, statementText.recoveryFee] : []
  const exempt = vatRateBasisPoints === 0 ? [statementText.exempt] : []
  const note = demonstration ? [statementText.demonstrationNote] : []
  for (const text of [
    ...note,
    ...payment,
    statementText.byDayNote,
    ...exempt,
    ...law,
    ...issuer.legalMentions,
    statementText.embedded,
  ]) {
    page.need(24)
    page.y += page.text(text, { x: margin, width }, { size: 9, color: soft }) + 2
  }
}

function days(page: Page, statement: Statement): void {
  page.next()
  page.y += page.text(statementText.days, { x: margin, width }, { size: 14, bold: true }) + 8
  header(page, statementText.day)
  for (const { day, count, unitCents } of statement.days)
    row(page, { label: dayText(day), count: countText(count), unit: euroText(unitCents), net: euroText(count * unitCents) })
  page.y += 2
  page.rule()
  const all = statement.days.reduce((sum, { count }) => sum + count, 0)
  row(page, { label: statementText.totalNet, count: countText(all), unit: '', net: euroText(statement.netCents) }, { bold: true })
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase('fr') + text.slice(1)
}
