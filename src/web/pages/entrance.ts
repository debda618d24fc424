/** Sign-in and what surrounds it: the entrance, the way to Pro Santé Connect and back, the choice of pharmacy, sign-out. */
import { html } from 'hono/html'
import type { Auth, SessionView, SignInProblem } from '../../auth/auth.ts'
import { GatewayError } from '../../domain/errors.ts'
import { type Role, roleMay } from '../../domain/roles.ts'
import { findToken, giveToken, sessionCookie, signInCookie, takeBack } from '../../http/cookies.ts'
import type { PublicVisit, Route, SessionVisit } from '../../http/route.ts'
import { type Frame, layout } from '../layout.ts'
import { type Html, nothing, notice } from '../parts.ts'
import { text } from '../text-fr.ts'
import { roleText } from '../text-fr-codes.ts'
import { signInProblemText } from '../text-fr-failures.ts'

export type EntranceDeps = { readonly frame: Frame; readonly auth: Auth }

const refusalStatuses: Record<SignInProblem, 400 | 403 | 503> = {
  'psc-unavailable': 503,
  declined: 403,
  'sign-in-expired': 400,
  'not-trusted': 403,
  'level-not-accepted': 403,
  'no-rpps': 403,
  'profession-not-admitted': 403,
  'no-pharmacy-here': 403,
}

export function entranceRoutes(deps: EntranceDeps): readonly Route[] {
  return [
    { method: 'GET', path: '/', access: 'public', handle: (visit) => entrance(deps, visit) },
    { method: 'GET', path: '/connexion', access: 'public', refusesHead: true, handle: (visit) => begin(deps, visit) },
    { method: 'GET', path: '/connexion/retour', access: 'public', refusesHead: true, handle: (visit) => finish(deps, visit) },
    {
      method: 'GET',
      path: '/officine',
      access: 'session',
      handle: ({ c, session }) => c.html(choosePage(deps.frame, session, false)),
    },
    {
      method: 'POST',
      path: '/officine',
      access: 'session',
      fields: ['pharmacyId'],
      handle: (visit) => choose(deps, visit),
    },
    // Open to all, so that leaving twice, or after the session ended, ends at the entrance and not in an error.
    { method: 'POST', path: '/deconnexion', access: 'public', fields: [], handle: (visit) => leave(deps, visit) },
  ]
}

async function entrance(deps: EntranceDeps, visit: PublicVisit): Promise<Response> {
  const session = await visit.findSession()
  if (session) return visit.c.redirect(homeOf(session.actor?.role ?? null), 303)
  return visit.c.html(entrancePage(deps.frame))
}

/** Where a role begins its day: who may not see screenings begins with their sums. Null: no pharmacy chosen yet. */
function homeOf(role: Role | null): string {
  if (role === null) return '/officine'
  if (roleMay(role, 'screening.read')) return '/depistages'
  return roleMay(role, 'statement.read') ? '/facturation' : '/grand-livre'
}

/** A link, not a form: following it changes nothing but a short-lived cookie, and the way leads to another site. */
async function begin(deps: EntranceDeps, { c, request }: PublicVisit): Promise<Response> {
  const begun = await deps.auth.beginSignIn(request)
  if (!begun.ok) return c.html(refusedPage(deps.frame, begun.problem), refusalStatuses[begun.problem])
  giveToken(c, signInCookie, begun.value.signInToken)
  return c.redirect(begun.value.redirectTo, 303)
}

async function finish(deps: EntranceDeps, { c, request, sessionToken }: PublicVisit): Promise<Response> {
  const query = new URL(c.req.url).search
  const signInToken = findToken(c, signInCookie)
  const finished = await deps.auth.finishSignIn({ query, signInToken, previousSessionToken: sessionToken }, request)
  takeBack(c, signInCookie)
  if (!finished.ok) return c.html(refusedPage(deps.frame, finished.problem), refusalStatuses[finished.problem])
  giveToken(c, sessionCookie, finished.value.sessionToken)
  return c.redirect(homeOf(finished.value.role), 303)
}

async function choose(deps: EntranceDeps, { c, request, session, sessionToken, form }: SessionVisit): Promise<Response> {
  const pharmacyId = form.pharmacyId
  if (pharmacyId === undefined) throw new GatewayError('bad-request')
  const chosen = await deps.auth.chooseActivity(sessionToken, pharmacyId, request)
  return chosen.ok
    ? c.redirect(homeOf(chosen.value.actor?.role ?? null), 303)
    : c.html(choosePage(deps.frame, session, true), 404)
}

/** A person's own sign-out also ends their session at Pro Santé Connect; an expired one does not. */
async function leave(deps: EntranceDeps, { c, request, sessionToken }: PublicVisit): Promise<Response> {
  if (sessionToken === null) return c.redirect('/', 303)
  const { redirectTo } = await deps.auth.signOut(sessionToken, request)
  takeBack(c, sessionCookie)
  return c.redirect(redirectTo ?? '/', 303)
}

function entrancePage(frame: Frame): Html {
  const { home } = text
  const body = html`<div class="entrance">
<section>
<h1>${home.heading}</h1>
<p class="lead">${home.lead}</p>
<p><a class="button big" href="/connexion">${home.signIn}</a></p>
<p class="hint">${home.signInWith}</p>
</section>
<section class="card">
<ul class="points">${home.points.map((point) => html`<li>${point}</li>`)}</ul>
<h2>${home.honest}</h2>
<ul class="points">${home.honestPoints.map((point) => html`<li>${point}</li>`)}</ul>
</section>
</div>`
  return layout(frame, { title: home.title, session: null, body })
}

function refusedPage(frame: Frame, problem: SignInProblem): Html {
  const words = signInProblemText[problem]
  const body = html`<div class="narrow">
<h1>${text.signInRefused.title}</h1>
<p class="lead">${words.what}</p>
<p>${words.todo}</p>
<p><a class="button" href="/connexion">${text.signInRefused.retry}</a> <a class="button secondary" href="/">${text.backToEntrance}</a></p>
</div>`
  return layout(frame, { title: text.signInRefused.title, session: null, body })
}

function choosePage(frame: Frame, session: SessionView, notThere: boolean): Html {
  const current = session.activity?.pharmacyId
  const offers = session.activities.map(
    (activity) => html`<li><button class="offer" type="submit" name="pharmacyId" value="${activity.pharmacyId}">
<strong>${activity.pharmacyName}</strong>
<span>${text.choose.finess(activity.finess)}, ${roleText[activity.role]}${activity.pharmacyId === current ? html` (${text.choose.current})` : nothing}</span>
</button></li>`,
  )
  const body = html`<div class="narrow">
<h1>${text.choose.title}</h1>
${notThere ? notice('bad', text.choose.notThere) : nothing}
${
  offers.length === 0
    ? html`<p class="lead">${text.choose.none}</p>`
    : html`<p class="lead">${text.choose.lead}</p><form method="post" action="/officine"><ul class="offers">${offers}</ul></form>`
}
</div>`
  return layout(frame, { title: text.choose.title, session, body })
}
