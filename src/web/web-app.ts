/** The whole public application: pages, assets and fixed places, behind the doors of the http room. */
import type { Hono } from 'hono'
import type { Actions } from '../actions/actions.ts'
import type { ReconciliationDesk } from '../actions/reconciliation-desk.ts'
import type { StatementDesk } from '../actions/statements/desk.ts'
import type { Auth } from '../auth/auth.ts'
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { Profile } from '../domain/profile.ts'
import type { TestKit } from '../domain/test-kit.ts'
import { type AppDeps, type AppOptions, createApp } from '../http/app.ts'
import { strictHeaders } from '../http/headers.ts'
import type { HttpEnv, Route } from '../http/route.ts'
import { wellKnownRoutes } from '../http/routes/well-known.ts'
import { buildAssets } from './assets.ts'
import type { Frame } from './layout.ts'
import { billingRoutes } from './pages/billing.ts'
import { billingGroupRoutes } from './pages/billing-group.ts'
import { captureRoutes } from './pages/capture.ts'
import { changeRoutes } from './pages/change.ts'
import { creditNoteRoutes } from './pages/credit-note.ts'
import { dayListRoutes } from './pages/day-list.ts'
import { entranceRoutes } from './pages/entrance.ts'
import { ledgerRoutes } from './pages/ledger.ts'
import { markReceivedRoutes } from './pages/mark-received.ts'
import { problemPage } from './pages/problem.ts'
import { receiptRoutes } from './pages/receipt.ts'
import { reconciliationRoutes } from './pages/reconciliation.ts'
import { retryManyRoutes } from './pages/retry-many.ts'
import { stoppedRoutes } from './pages/stopped.ts'
import { versionRoutes } from './pages/versions.ts'

export type WebAppDeps = {
  readonly auth: Auth
  readonly actions: Actions
  readonly clock: Clock
  /** Makes request ids and idempotency keys. */
  readonly newId: NewId
  readonly testKits: readonly TestKit[]
  readonly statements: StatementDesk
  readonly reconciliations: ReconciliationDesk
  /** How forwarding stands, for the banner of every page; without it there is none. */
  readonly standing?: Frame['standing']
} & Pick<AppDeps, 'onRequestServed' | 'onRequestFailed' | 'traces'>

export type WebAppOptions = {
  readonly profile: Profile
  /** RFC 9116 contacts, `mailto:` or `https:`, at least one. */
  readonly securityContacts: readonly string[]
  /** Text of the public JWKS of signing keys; null where nothing is signed. */
  readonly signingJwks: string | null
} & Omit<AppOptions, 'routes' | 'assets'>

/** `routes` is the registry: everything that is served besides the assets. */
export type WebApp = {
  readonly app: Hono<HttpEnv>
  readonly routes: readonly Route[]
  readonly assetPaths: readonly string[]
  /** For `serveApp`: what is refused before the application is asked carries the same headers. */
  readonly headers: Readonly<Record<string, string>>
}

export function createWebApp(deps: WebAppDeps, options: WebAppOptions): WebApp {
  const { assets, paths } = buildAssets()
  const frame: Frame = { profile: options.profile, assets: paths, standing: deps.standing ?? (() => null) }
  const pageDeps = { ...deps, frame }
  const routes = [
    ...entranceRoutes(pageDeps),
    ...dayListRoutes(pageDeps),
    // Before the receipts: `/depistages/nouveau` is no id.
    ...captureRoutes(pageDeps),
    ...changeRoutes(pageDeps),
    ...versionRoutes(pageDeps),
    ...stoppedRoutes(pageDeps),
    ...retryManyRoutes(pageDeps),
    ...markReceivedRoutes(pageDeps),
    ...ledgerRoutes(pageDeps),
    ...reconciliationRoutes(pageDeps),
    ...receiptRoutes(pageDeps),
    ...billingRoutes(pageDeps),
    ...billingGroupRoutes(pageDeps),
    ...creditNoteRoutes(pageDeps),
    ...wellKnownRoutes(deps, options),
  ]
  const app = createApp(
    {
      ...deps,
      findSession: (token, request) => deps.auth.findSession(token, request),
      recordDenial: (denial, request) => deps.actions.recordDenial(denial, request),
      showProblem: (problem) => problemPage(frame, problem),
    },
    { ...options, routes, assets },
  )
  return { app, routes, assetPaths: [...assets.keys()], headers: strictHeaders(options) }
}
