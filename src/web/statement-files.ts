/** Files of statements: links to them, and their answer. Both the pharmacy's page and the group's give them. */
import { html } from 'hono/html'
import type { FileKind, StatementFile, StatementSummary } from '../actions/statements/desk.ts'
import { GatewayError } from '../domain/errors.ts'
import type { ActorVisit } from '../http/route.ts'
import { frenchDate } from './format-fr.ts'
import { type Html, nothing } from './parts.ts'
import { frenchCount, frenchEuros, frenchMonth, billingText as words } from './text-fr-billing.ts'

const fileKinds: Record<string, FileKind> = {
  pdf: 'pdf',
  xml: 'xml',
  csv: 'csv',
  json: 'json',
  empreintes: 'manifest',
  signature: 'signature',
}

/** The number and kind in the address; a kind that we do not write is not there. */
export function fileWanted({ c }: ActorVisit): { readonly number: string; readonly kind: FileKind } {
  const kind = fileKinds[c.req.param('kind') ?? '']
  if (!kind) throw new GatewayError('not-found')
  return { number: c.req.param('number') ?? '', kind }
}

/** Saved, never shown in our own origin; `no-store` stands on every answer. */
export function answerFile({ c }: ActorVisit, file: StatementFile): Response {
  return c.body(new Uint8Array(file.bytes), 200, {
    'Content-Type': file.type,
    'Content-Disposition': `attachment; filename="${file.name}"`,
  })
}

/** `root`: the address under which the numbers stand. */
export function fileLinks(root: string, { number, sealed }: Pick<StatementSummary, 'number' | 'sealed'>): Html {
  if (!sealed) return html`<p class="hint">${words.preparing}</p>`
  const kinds = [
    ['pdf', words.pdf],
    ['csv', 'CSV'],
    ['xml', 'XML'],
    ['json', 'JSON'],
    ['empreintes', words.proof],
    ['signature', words.signature],
  ] as const
  return html`<ul class="file-links">${kinds.map(
    ([kind, label]) =>
      html`<li><a href="${root}/${number}/fichier/${kind}" download aria-label="${words.download(label, number)}">${label}</a></li>`,
  )}</ul>`
}

/** Statements and credit notes, a row each; `further` says what may be done with one besides. A credit note counts below zero. */
export function statementTable(
  root: string,
  statements: readonly StatementSummary[],
  further: (one: StatementSummary) => Html = () => nothing,
): Html {
  return html`<div class="table-scroll"><table class="figures stacked">
<thead><tr><th scope="col">${words.number}</th><th scope="col">${words.month}</th><th scope="col">${words.issuedOn}</th><th scope="col" class="figure">${words.count}</th><th scope="col" class="figure">${words.amount}</th><th scope="col" class="figure">${words.gross}</th><th scope="col">${words.files}</th></tr></thead>
<tbody>${statements.map((one) => statementRow(root, one, further(one)))}</tbody></table></div>`
}

function statementRow(root: string, one: StatementSummary, further: Html): Html {
  const credit = one.kind === 'credit-note'
  const due = credit ? nothing : html`<span class="sub">${words.dueOn} ${frenchDate(one.dueOn)}</span>`
  return html`<tr>
<th scope="row"><span class="unbroken">${one.number}</span><span class="sub">${words.kind[one.kind]}${one.credits ? html` ${words.onStatement(one.credits)}` : nothing}</span>${one.demonstration ? html`<span class="sub">${words.demonstration}</span>` : nothing}</th>
<td data-label="${words.month}">${frenchMonth(one.month)}</td>
<td data-label="${words.issuedOn}">${frenchDate(one.issuedOn)}${due}</td>
<td class="figure" data-label="${words.count}">${frenchCount(credit ? -one.receipts : one.receipts)}</td>
<td class="figure" data-label="${words.amount}">${frenchEuros(credit ? -one.netCents : one.netCents)}</td>
<td class="figure" data-label="${words.gross}">${frenchEuros(credit ? -one.grossCents : one.grossCents)}</td>
<td>${fileLinks(root, one)}${further}</td></tr>`
}
