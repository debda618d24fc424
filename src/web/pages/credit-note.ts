/** A credit note by hand: how many of which line and why, then a preview, then, once confirmed, the note. */
import { html } from 'hono/html'
import type { Creditable, StatementDesk } from '../../actions/statements/desk.ts'
import type { SessionView } from '../../auth/auth.ts'
import type { CreditItem, CreditProblem, StatementDraft } from '../../domain/statement.ts'
import type { ActorVisit, Form, Route } from '../../http/route.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { creditProblemText, frenchCount, frenchEuros, frenchMonth, billingText as words } from '../text-fr-billing.ts'

export type CreditNoteDeps = { readonly frame: Frame; readonly statements: StatementDesk }

const path = '/facturation/:number/avoir'
/** A month has a line a price and late month: more than these are credited by command. */
const linesMax = 20
const lineFields = Array.from({ length: linesMax }, (_, index) => `line-${index + 1}`)

export function creditNoteRoutes(deps: CreditNoteDeps): readonly Route[] {
  return [
    { method: 'GET', path, access: 'statement.credit', handle: (visit) => ask(deps, visit) },
    {
      method: 'POST',
      path,
      access: 'statement.credit',
      fields: [...lineFields, 'reason', 'step'],
      handle: (visit) => answer(deps, visit),
    },
  ]
}

const numberOf = ({ c }: ActorVisit) => c.req.param('number') ?? ''

async function ask(deps: CreditNoteDeps, visit: ActorVisit): Promise<Response> {
  const found = await deps.statements.findCreditable(visit.actor, numberOf(visit), visit.request)
  return visit.c.html(formPage(deps.frame, { found, form: {}, problem: null, session: visit.session }))
}

/** Three steps of one form: `preview`, `confirm`, and `change` back to the fields. */
async function answer({ frame, statements }: CreditNoteDeps, visit: ActorVisit): Promise<Response> {
  const { c, actor, form, session, request } = visit
  const credit = { number: numberOf(visit), items: itemsOf(form), reason: form.reason ?? '' }
  const found = await statements.findCreditable(actor, credit.number, request)
  if (form.step === 'change') return c.html(formPage(frame, { found, form, problem: null, session }))
  if (form.step === 'confirm') {
    const issued = await statements.issueCredit(actor, credit, request)
    if (issued.ok) return c.redirect(`/facturation?avoir=${issued.value.number}`, 303)
    return c.html(formPage(frame, { found, form, problem: issued.problem, session }), 422)
  }
  const preview = await statements.previewCredit(actor, credit, request)
  if (!preview.ok) return c.html(formPage(frame, { found, form, problem: preview.problem, session }), 422)
  return c.html(previewPage(frame, { found, form, draft: preview.value, session }))
}

/** What is no whole number is more than was charged: refused with its own sentence, never taken for none. */
function itemsOf(form: Form): readonly CreditItem[] {
  return lineFields.flatMap((field, index) => {
    const typed = (form[field] ?? '').replaceAll(/\s/g, '')
    if (typed === '' || typed === '0') return []
    return [{ position: index + 1, count: /^\d{1,9}$/.test(typed) ? Number(typed) : Number.NaN }]
  })
}

type FormPage = {
  readonly found: Creditable
  readonly form: Form
  readonly problem: CreditProblem | null
  readonly session: SessionView
}

function formPage(frame: Frame, { found, form, problem, session }: FormPage): Html {
  const { statement, left } = found
  const rows = statement.lines.slice(0, linesMax).map(({ position, month, unitCents, count }) => {
    const most = left.get(position) ?? 0
    const field = `line-${position}`
    const name = `${frenchMonth(month)}, ${frenchEuros(unitCents)}`
    return html`<tr><th scope="row">${name}</th>
<td class="figure" data-label="${words.charged}">${frenchCount(count)}</td><td class="figure" data-label="${words.left}">${frenchCount(most)}</td>
<td class="figure">${most > 0 ? html`<label><span class="sr">${words.giveBack}, ${name}</span><input name="${field}" inputmode="numeric" autocomplete="off" value="${form[field] ?? ''}"></label>` : nothing}</td></tr>`
  })
  const nothingLeft = [...left.values()].every((count) => count === 0)
  const body = html`<div class="form-page"><h1>${words.creditOf(statement.number)}</h1>
<p class="lead">${words.creditLead}</p>
${problem ? notice('bad', creditProblemText[problem]) : nothing}
${
  nothingLeft
    ? notice('plain', words.nothingLeft)
    : html`<form method="post" action="/facturation/${statement.number}/avoir">
<div class="table-scroll"><table class="figures stacked"><thead><tr><th scope="col">${words.line}</th><th scope="col" class="figure">${words.charged}</th><th scope="col" class="figure">${words.left}</th><th scope="col" class="figure">${words.giveBack}</th></tr></thead><tbody>${rows}</tbody></table></div>
<div class="field billing-section"><label for="motif">${words.reason}</label> <span class="hint" id="motif-aide">${words.reasonHint}</span>
<input id="motif" name="reason" autocomplete="off" required aria-describedby="motif-aide" value="${form.reason ?? ''}"${problem === 'reason-bad' ? html` aria-invalid="true"` : nothing}></div>
<div class="buttons"><button type="submit" name="step" value="preview">${words.preview}</button><a class="button secondary" href="/facturation">${words.back}</a></div>
</form>`
}
</div>`
  return layout(frame, { title: words.creditTitle, session, here: 'billing', body })
}

type PreviewPage = {
  readonly found: Creditable
  readonly form: Form
  readonly draft: StatementDraft
  readonly session: SessionView
}

function previewPage(frame: Frame, { found, form, draft, session }: PreviewPage): Html {
  const { number } = found.statement
  const kept = [...lineFields, 'reason'].flatMap((name) =>
    form[name] === undefined ? [] : [html`<input type="hidden" name="${name}" value="${form[name]}">`],
  )
  const rows = draft.lines.map(
    ({ month, unitCents, count, netCents }) =>
      html`<tr><th scope="row">${frenchMonth(month)}, ${frenchEuros(unitCents)}</th><td class="figure">${frenchCount(count)}</td><td class="figure">${frenchEuros(netCents)}</td></tr>`,
  )
  const body = html`<div class="form-page"><h1>${words.previewTitle}</h1>
<p class="lead">${words.creditOf(number)}</p>
<div class="table-scroll billing-section" tabindex="0" role="region" aria-label="${words.line}"><table class="figures"><thead><tr><th scope="col">${words.line}</th><th scope="col" class="figure">${words.giveBack}</th><th scope="col" class="figure">${words.amount}</th></tr></thead><tbody>${rows}</tbody></table></div>
${notice('wait', html`<p><strong>${words.previewSum(frenchEuros(draft.netCents), frenchEuros(draft.grossCents))}</strong></p><p>${words.reason} : ${draft.credited?.reason ?? ''}</p><p>${words.final}</p>`)}
<form method="post" action="/facturation/${number}/avoir">${kept}
<div class="buttons"><button class="danger button" type="submit" name="step" value="confirm">${words.confirm}</button><button class="secondary button" type="submit" name="step" value="change">${words.change}</button><a class="button quiet" href="/facturation">${words.back}</a></div></form></div>`
  return layout(frame, { title: words.previewTitle, session, here: 'billing', body })
}
