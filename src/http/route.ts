/** What a route is: a method, a path, what it needs, and a handler that is only ever called once the need is met. */
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { ActivityView, SessionView } from '../auth/auth.ts'
import type { Professional, RequestContext } from '../domain/actor.ts'
import type { Permission } from '../domain/roles.ts'

export type HttpEnv = {
  readonly Bindings: Partial<HttpBindings>
  readonly Variables: { request: RequestContext; route: string; holdsForm: boolean; startedAt: Date }
}
export type HttpContext = Context<HttpEnv>

/** Fields of a form, as typed, each at most once; only those that the route names. */
export type Form = Readonly<Partial<Record<string, string>>>

type AnyVisit = { readonly c: HttpContext; readonly request: RequestContext; readonly form: Form }
export type PublicVisit = AnyVisit & { findSession(): Promise<SessionView | null>; readonly sessionToken: string | null }
export type SessionVisit = AnyVisit & { readonly session: SessionView; readonly sessionToken: string }
/** `actor` holds the permission that the route names, in the pharmacy that the person chose. */
export type ActorVisit = SessionVisit & { readonly actor: Professional; readonly activity: ActivityView }

type Answer = Response | Promise<Response>
type Door =
  | { readonly access: 'public'; handle(visit: PublicVisit): Answer }
  | { readonly access: 'session'; handle(visit: SessionVisit): Answer }
  | { readonly access: 'actor' | Permission; handle(visit: ActorVisit): Answer }

type Shape =
  | {
      readonly method: 'GET'
      /** True where a GET changes something of ours (the two ends of a sign-in): HEAD is refused there. */
      readonly refusesHead?: boolean
    }
  | {
      readonly method: 'POST'
      /** Every field that the form may hold; another one, or one twice, is a bad request. */
      readonly fields: readonly string[]
      readonly bodyBytesMax?: number
      /** True where a person typed into the form: a page that asks for a new sign-in then says how to send it again. */
      readonly holdsForm?: boolean
    }

/** One entry of the registry: the app serves these and nothing else. */
export type Route = Shape & Door & { readonly path: string }

/** `GET /depistages/:id`: how logs, metrics and audit events name a route; never the address that was asked for. */
export function routeName(route: Pick<Route, 'method' | 'path'>): string {
  return `${route.method} ${route.path}`
}
