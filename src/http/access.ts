/** The door of each route: request guard, session, permission, limit; who may not pass is answered here and noted. */
import type { Actions } from '../actions/actions.ts'
import type { Auth, SessionView } from '../auth/auth.ts'
import { checkUnsafeRequest } from '../auth/request-guard.ts'
import type { Professional } from '../domain/actor.ts'
import { GatewayError, type GatewayErrorCode } from '../domain/errors.ts'
import { roleMay } from '../domain/roles.ts'
import { findToken, sessionCookie, takeBack } from './cookies.ts'
import { bodyBytesMaxDefault, readForm } from './form-body.ts'
import type { RateLimiter } from './rate-limit.ts'
import { type HttpContext, type Route, routeName } from './route.ts'

export type AccessDeps = {
  readonly findSession: Auth['findSession']
  readonly recordDenial: Actions['recordDenial']
  readonly sessionLimiter: RateLimiter
  readonly publicUrl: string
}

/** Thrown where a limit is reached, with the whole seconds after which to come back. */
export class LimitReached extends GatewayError {
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super('too-many-requests')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Answers one request for one route. Throws `GatewayError` where the door stays shut. */
export async function passDoor(deps: AccessDeps, route: Route, c: HttpContext): Promise<Response> {
  const request = c.get('request')
  if (c.req.method === 'HEAD' && route.method === 'GET' && route.refusesHead) throw new GatewayError('bad-request')
  if (route.method !== 'GET') await guard(deps, route, c)
  const sessionToken = findToken(c, sessionCookie)
  if (route.access === 'public') {
    const findSession = async () => (sessionToken ? deps.findSession(sessionToken, request) : null)
    return route.handle({ c, request, form: await formOf(route, c), sessionToken, findSession })
  }
  const session = sessionToken ? await deps.findSession(sessionToken, request) : null
  if (!session || sessionToken === null) {
    if (sessionToken !== null) takeBack(c, sessionCookie)
    return deny(deps, route, c, { actor: null, code: 'not-signed-in' })
  }
  const retryAfter = deps.sessionLimiter.take(session.sessionId)
  if (retryAfter !== null) throw new LimitReached(retryAfter)
  if (route.access === 'session') return route.handle({ c, request, form: await formOf(route, c), session, sessionToken })
  const shut = findReason(route, session)
  // Nothing was refused: the entrance leads on to the choice of a pharmacy.
  if (shut === 'no-activity' && route.method === 'GET') return c.redirect('/', 303)
  if (shut || !session.actor || !session.activity) return deny(deps, route, c, { actor: session.actor, code: 'forbidden' })
  const { actor, activity } = session
  return route.handle({ c, request, form: await formOf(route, c), session, sessionToken, actor, activity })
}

/** Why a signed-in person may not pass: nowhere chosen to act, or a role without the permission. */
function findReason(
  route: Exclude<Route, { access: 'public' | 'session' }>,
  session: SessionView,
): 'no-activity' | 'role' | null {
  if (!session.actor) return 'no-activity'
  return route.access === 'actor' || roleMay(session.actor.role, route.access) ? null : 'role'
}

async function guard(deps: AccessDeps, route: Route, c: HttpContext): Promise<void> {
  const header = (name: string) => c.req.raw.headers.get(name)
  const checked = checkUnsafeRequest({
    method: c.req.method,
    secFetchSite: header('sec-fetch-site'),
    origin: header('origin'),
    contentType: header('content-type'),
    publicUrl: deps.publicUrl,
  })
  if (checked.ok) return
  await deps.recordDenial({ actor: null, route: routeName(route), code: checked.problem }, c.get('request'))
  throw new GatewayError('forbidden')
}

async function deny(
  deps: AccessDeps,
  route: Route,
  c: HttpContext,
  denial: { readonly actor: Professional | null; readonly code: GatewayErrorCode },
): Promise<never> {
  await deps.recordDenial({ ...denial, route: routeName(route) }, c.get('request'))
  throw new GatewayError(denial.code)
}

/** Read last: a body is only looked at once its sender may send one. */
async function formOf(route: Route, c: HttpContext) {
  if (route.method === 'GET') return {}
  return readForm(c.req.raw, { fields: route.fields, bytesMax: route.bodyBytesMax ?? bodyBytesMaxDefault })
}
