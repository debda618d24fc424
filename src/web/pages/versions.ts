/** The versions of a screening side by side: what each said, what it changed, who signed it, when and why. */
import { html } from 'hono/html'
import type { Actions } from '../../actions/actions.ts'
import type { ScreeningView, VersionView } from '../../actions/views.ts'
import type { SessionView } from '../../auth/auth.ts'
import { isId } from '../../base/ids.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { ActorVisit, Route } from '../../http/route.ts'
import { frenchDateTime, personName } from '../format-fr.ts'
import { type Frame, layout } from '../layout.ts'
import { changeIcon, type Html, nothing } from '../parts.ts'
import { changeText, versionStatusText, versionsText } from '../text-fr-corrections.ts'
import { type VersionCell, type VersionRow, versionRows } from '../version-rows.ts'

export type VersionsDeps = { readonly frame: Frame; readonly actions: Pick<Actions, 'listVersions'> }

export function versionRoutes(deps: VersionsDeps): readonly Route[] {
  return [{ method: 'GET', path: '/depistages/:id/versions', access: 'screening.read', handle: (visit) => show(deps, visit) }]
}

/** A sentence, and where there are several versions the way to them. */
export function versionsLink(words: string, { screeningId, version }: Pick<ScreeningView, 'screeningId' | 'version'>): Html {
  if (version < 2) return html`${words}`
  return html`${words} <a href="/depistages/${screeningId}/versions">${changeText.compare(version)}</a>`
}

async function show(deps: VersionsDeps, { c, actor, session, request }: ActorVisit): Promise<Response> {
  const id = c.req.param('id') ?? ''
  if (!isId(id)) throw new GatewayError('not-found')
  const versions = await deps.actions.listVersions(actor, id, request)
  return c.html(versionsPage(deps.frame, { screeningId: id, versions, session }))
}

type VersionsPage = { readonly screeningId: string; readonly versions: readonly VersionView[]; readonly session: SessionView }

function versionsPage(frame: Frame, { screeningId, versions, session }: VersionsPage): Html {
  const rows = versionRows(versions)
  const changed = rows.filter((row) => row.changed)
  const same = rows.filter((row) => !row.changed)
  const body = html`<h1>${versionsText.title}</h1>
<p class="lead">${versionsText.lead}</p>
${versions.length > 1 && changed.length === 0 ? html`<p class="hint">${versionsText.noChange}</p>` : nothing}
<div class="versions-scroll" role="region" aria-label="${versionsText.scroll}" tabindex="0">
<table class="versions" role="table">
<caption class="sr">${versionsText.caption}</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${versionsText.field}</th>${versions.map(
    ({ version }) => html`<th role="columnheader" scope="col">${versionsText.version(version)}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${aboutRows(versions)}</tbody>
${group(versionsText.changed, changed, versions)}
${group(versionsText.same, same, versions)}
</table>
</div>
<p class="no-print versions-back"><a href="/depistages/${screeningId}">${versionsText.back}</a></p>`
  return layout(frame, { title: versionsText.title, session, body })
}

function aboutRows(versions: readonly VersionView[]): Html {
  const row = (label: string, tell: (version: VersionView) => string | null) =>
    tableRow({ label, cells: versions.map((version) => ({ value: tell(version), change: null })), changed: false }, versions)
  return html`${row(versionsText.status, ({ status }) => versionStatusText[status])}
${row(versionsText.signedBy, ({ signedBy }) => signedBy && personName(signedBy))}
${row(versionsText.signedAt, ({ signedAt }) => signedAt && frenchDateTime(signedAt))}
${row(versionsText.reason, ({ reason, version }) => (version === 1 ? versionsText.first : reason))}`
}

function group(heading: string, rows: readonly VersionRow[], versions: readonly VersionView[]): Html {
  if (rows.length === 0) return nothing
  return html`<tbody role="rowgroup">
<tr class="versions-group" role="row"><th role="rowheader" scope="rowgroup" colspan="${versions.length + 1}">${heading}</th></tr>
${rows.map((row) => tableRow(row, versions))}
</tbody>`
}

function tableRow({ label, cells }: VersionRow, versions: readonly VersionView[]): Html {
  return html`<tr role="row"><th role="rowheader" scope="row">${label}</th>${cells.map((cell, index) => tableCell(cell, versions[index]?.version ?? 0))}</tr>`
}

/** The version stands in the cell again for narrow windows, where the columns are stacked. */
function tableCell({ value, change }: VersionCell, version: number): Html {
  const shown = value ?? versionsText.nothing
  return html`<td role="cell"${change ? html` class="differs"` : nothing}><span class="cell-version" aria-hidden="true">${versionsText.version(version)}</span>
<span class="cell-value">${change ? html`<strong>${shown}</strong> <span class="change">${changeIcon()}${versionsText.marks[change]}</span>` : shown}</span></td>`
}
