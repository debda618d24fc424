/** The public HTTP application: serves the routes that it is given and nothing else, with the same care on every answer. */
import { Hono } from 'hono'
import type { Actions } from '../actions/actions.ts'
import type { Auth } from '../auth/auth.ts'
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import { GatewayError } from '../domain/errors.ts'
import { noTraces, type Traces } from '../telemetry/traces.ts'
import { LimitReached, passDoor } from './access.ts'
import { findClientAddress, limitKeyOf, parseTrustedProxies } from './client-address.ts'
import { withDeadline } from './deadline.ts'
import { immutableCache, strictHeaders } from './headers.ts'
import { type ProblemCode, problemBody, problemStatuses, type ShowProblem, wantsJson } from './problem.ts'
import { createRateLimiter, type RateLimit } from './rate-limit.ts'
import { type HttpContext, type HttpEnv, type Route, routeName } from './route.ts'
import { signingKeysPath } from './routes/well-known.ts'

export type RequestServed = {
  readonly requestId: string
  readonly method: string
  /** The route's name, or `unmatched`: never the address that was asked for. */
  readonly route: string
  readonly status: number
  readonly durationMs: number
}

export type AppDeps = {
  readonly clock: Clock
  readonly newId: NewId
  readonly findSession: Auth['findSession']
  readonly recordDenial: Actions['recordDenial']
  /** Left out: no traces. */
  readonly traces?: Pick<Traces, 'run'>
  readonly showProblem: ShowProblem
  readonly onRequestServed: (served: RequestServed) => void
  /** A fault of ours. The error may hold anything: what listens must not print its message. */
  readonly onRequestFailed: (failed: { readonly requestId: string; readonly route: string; readonly error: unknown }) => void
}

export type AppOptions = {
  readonly routes: readonly Route[]
  /** Bytes in memory, by exact path. */
  readonly assets: ReadonlyMap<string, Asset>
  readonly publicUrl: string
  readonly trustedProxies: readonly string[]
  /** Origins of Pro Santé Connect to which signing out may redirect. */
  readonly formActionOrigins: readonly string[]
  readonly limits?: Partial<AppLimits>
}

export type Asset = { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string }

export type AppLimits = {
  /** A whole pharmacy may stand behind one address. */
  readonly perAddress: RateLimit
  readonly perSession: RateLimit
  /** Buckets kept for each of the two. */
  readonly keysMax: number
  readonly answerTimeoutMs: number
}

export const appLimitsDefault: AppLimits = {
  perAddress: { burst: 300, perSecond: 50 },
  perSession: { burst: 60, perSecond: 5 },
  keysMax: 20_000,
  answerTimeoutMs: 20_000,
}

/** Throws `RangeError` where a trusted proxy is no address. */
export function createApp(deps: AppDeps, options: AppOptions): Hono<HttpEnv> {
  const limits = { ...appLimitsDefault, ...options.limits }
  const headers = Object.entries(strictHeaders(options))
  const trusted = parseTrustedProxies(options.trustedProxies)
  const addressLimiter = createRateLimiter(deps, { ...limits.perAddress, keysMax: limits.keysMax })
  const sessionLimiter = createRateLimiter(deps, { ...limits.perSession, keysMax: limits.keysMax })
  const access = { ...deps, sessionLimiter, publicUrl: options.publicUrl }
  const traces = deps.traces ?? noTraces
  const app = new Hono<HttpEnv>()

  app.use(async function envelope(c, next) {
    const forwardedFor = c.req.raw.headers.get('x-forwarded-for')
    const clientAddress = findClientAddress(c.env?.incoming?.socket.remoteAddress ?? null, forwardedFor, trusted)
    c.set('request', { requestId: deps.newId(), clientAddress })
    c.set('route', 'unmatched')
    c.set('holdsForm', false)
    c.set('startedAt', deps.clock.now())
    await traces.run('http.request', { requestId: c.get('request').requestId }, async () => {
      await next()
      for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value)
      finish(deps, c)
    })
  })

  app.use(async function limitAndPath(c, next) {
    const retryAfter = addressLimiter.take(limitKeyOf(c.get('request').clientAddress))
    if (retryAfter !== null) throw new LimitReached(retryAfter)
    if (!isPlainTarget(c)) throw new GatewayError('not-found')
    await next()
  })

  for (const route of options.routes)
    app.on(route.method, route.path, (c) => {
      c.set('route', routeName(route))
      c.set('holdsForm', route.method === 'POST' && route.holdsForm === true)
      return withDeadline(passDoor(access, route, c), limits.answerTimeoutMs, () => new GatewayError('unavailable'))
    })
  for (const [path, asset] of options.assets)
    app.get(path, (c) => {
      c.set('route', 'GET /assets')
      return c.body(asset.bytes, 200, { 'Content-Type': asset.type, 'Cache-Control': immutableCache })
    })
  for (const path of new Set([...options.routes.map((route) => route.path), ...options.assets.keys()]))
    app.all(path, (c) => refuseMethod(deps, options, c, path))

  app.notFound((c) => answerProblem(deps, c, 'not-found'))
  app.onError((error, c) => {
    if (error instanceof LimitReached)
      return answerProblem(deps, c, error.code, { 'Retry-After': String(error.retryAfterSeconds) })
    if (error instanceof GatewayError && error.code !== 'internal') return answerProblem(deps, c, error.code)
    deps.onRequestFailed({ requestId: c.get('request').requestId, route: c.get('route'), error })
    return answerProblem(deps, c, 'internal')
  })
  return app
}

function finish(deps: AppDeps, c: HttpContext): void {
  const { requestId } = c.get('request')
  c.res.headers.set('X-Request-Id', requestId)
  const durationMs = deps.clock.now().getTime() - c.get('startedAt').getTime()
  deps.onRequestServed({ requestId, method: c.req.method, route: c.get('route'), status: c.res.status, durationMs })
}

/**
 * Our own addresses are made of unreserved characters. Whatever is encoded, doubled, or climbs is not one of them, and
 * is not first decoded to see (security.md F1).
 */
const fixedPlaces: readonly string[] = ['/.well-known/security.txt', signingKeysPath]

function isPlainTarget(c: HttpContext): boolean {
  const url = new URL(c.req.url)
  const target = c.env?.incoming?.url ?? url.pathname + url.search
  const path = target.split('?', 1)[0] ?? ''
  return /^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/|$))*$/.test(path) || fixedPlaces.includes(path)
}

function refuseMethod(deps: AppDeps, options: AppOptions, c: HttpContext, path: string): Promise<Response> {
  const declared = options.routes.filter((route) => route.path === path).map((route) => route.method)
  const methods = declared.length > 0 ? declared : ['GET']
  const allowed = methods.includes('GET') ? ['HEAD', ...methods] : methods
  return answerProblem(deps, c, 'method-not-allowed', { Allow: [...new Set(allowed)].toSorted().join(', ') })
}

/** The one mapper from a code to an answer. Somebody who is not signed in and only looks is led to the entrance. */
async function answerProblem(
  deps: AppDeps,
  c: HttpContext,
  code: ProblemCode,
  headers: Record<string, string> = {},
): Promise<Response> {
  const reading = c.req.method === 'GET' || c.req.method === 'HEAD'
  const problem = { code, requestId: c.get('request').requestId, formHeld: c.get('holdsForm') }
  if (wantsJson(c.req.header('accept'))) return c.json(problemBody(problem), problemStatuses[code], headers)
  if (code === 'not-signed-in' && reading) return c.redirect('/', 303)
  return c.html(deps.showProblem(problem), problemStatuses[code], headers)
}
