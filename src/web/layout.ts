/** The frame of every page: band of the profile, who is signed in and where, navigation, content. */
import { html } from 'hono/html'
import type { Standing } from '../actions/views.ts'
import type { SessionView } from '../auth/auth.ts'
import type { Profile } from '../domain/profile.ts'
import { roleMay } from '../domain/roles.ts'
import type { AssetPaths } from './assets.ts'
import { frenchTime, personName } from './format-fr.ts'
import { type Html, nothing } from './parts.ts'
import { bandText, text } from './text-fr.ts'
import { billingText } from './text-fr-billing.ts'
import { roleText } from './text-fr-codes.ts'
import { ledgerText } from './text-fr-ledger.ts'
import { spaced, standingSentence, standingText, stoppedText } from './text-fr-stopped.ts'

export type Frame = {
  readonly profile: Profile
  readonly assets: AssetPaths
  /** How forwarding stands for a pharmacy, as it was read a moment ago; null where that is not known. */
  readonly standing: (pharmacyId: string) => Standing | null
}

export type Page = {
  /** Goes to the tab, to the history and to the title of prints: never a patient's data. */
  readonly title: string
  readonly session: SessionView | null
  readonly here?: 'today' | 'new' | 'stopped' | 'ledger' | 'billing'
  readonly body: Html
}

export function layout(frame: Frame, page: Page): Html {
  const band = bandText[frame.profile]
  const actor = page.session?.actor ?? null
  const standing = actor ? frame.standing(actor.pharmacyId) : null
  return html`<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<title>${page.title} – ${text.titleSuffix}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${frame.assets.favicon}" type="image/svg+xml">
<link rel="stylesheet" href="${frame.assets.style}">
<script src="${frame.assets.script}" defer></script>
</head>
<body class="${page.session ? 'signed-in' : 'signed-out'}">
<a class="skip" href="#contenu">${text.skipToContent}</a>
<header class="top">
${band ? html`<p class="band">${band}</p>` : nothing}
<div class="top-inner">
<a class="brand" href="/"><svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true"><path d="M3 22h26M6 22c0-7 4.5-12 10-12s10 5 10 12M11.5 22V11.5M16 22V10M20.5 22V11.5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/></svg>${text.product}</a>
${actor ? navigation(actor.role, page.here, standing) : nothing}
${page.session ? who(page.session) : nothing}
</div>
</header>
<main id="contenu" tabindex="-1">
${actor && standing && roleMay(actor.role, 'screening.read') ? standingBanner(standing) : nothing}
${page.body}
</main>
</body>
</html>`
}

/** The honest state, where it is not as it should be: capturing goes on whatever it says. */
function standingBanner({ destinations, quietSince }: Standing): Html {
  if (destinations.length === 0 && quietSince === null) return nothing
  const lines = destinations.map((line) => html`<li>${standingSentence(line)}</li>`)
  return html`<section class="standing no-print" aria-label="${standingText.title}">
${destinations.length === 0 ? nothing : html`<p><strong>${standingText.title}.</strong> ${standingText.keepOn}</p><ul>${lines}</ul>`}
${quietSince === null ? nothing : html`<p>${standingText.quiet(frenchTime(quietSince))}</p>`}
</section>`
}

function navigation(role: Parameters<typeof roleMay>[0], here: Page['here'], standing: Standing | null): Html {
  const link = (href: string, label: string | Html, current: boolean) =>
    html`<li><a href="${href}"${current ? html` aria-current="page"` : nothing}>${label}</a></li>`
  if (!roleMay(role, 'screening.read') && !roleMay(role, 'ledger.read')) return nothing
  return html`<nav aria-label="${text.navigation}"><ul>
${roleMay(role, 'screening.read') ? link('/depistages', text.today, here === 'today') : nothing}
${roleMay(role, 'screening.draft') ? link('/depistages/nouveau', text.newScreening, here === 'new') : nothing}
${roleMay(role, 'declaration.retry') ? link('/a-reprendre', html`${stoppedText.nav}${standing && standing.stopped > 0 ? html` <span class="count">${spaced(standing.stopped)}</span>` : nothing}`, here === 'stopped') : nothing}
${roleMay(role, 'ledger.read') ? link('/grand-livre', ledgerText.nav, here === 'ledger') : nothing}
${roleMay(role, 'statement.read') ? link('/facturation', billingText.nav, here === 'billing') : nothing}
</ul></nav>`
}

function who(session: SessionView): Html {
  const { activity } = session
  return html`<div class="who">
<p><strong>${personName(session)}</strong>${activity ? html`<span>${roleText[activity.role]}, ${activity.pharmacyName}</span>` : nothing}</p>
${activity && session.activities.length > 1 ? html`<a href="/officine">${text.changePharmacy}</a>` : nothing}
<form method="post" action="/deconnexion"><button class="quiet" type="submit">${text.signOut}</button></form>
</div>`
}
