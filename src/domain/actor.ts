/** Who acts: a signed-in professional within one pharmacy, or the system itself. */
import type { Role } from './roles.ts'
import type { Rpps } from './rpps.ts'

export type Professional = {
  readonly kind: 'professional'
  readonly professionalId: string
  readonly rpps: Rpps
  readonly familyName: string
  readonly givenName: string
  readonly role: Role
  readonly pharmacyId: string
  readonly sessionId: string
}

export type SystemActor = { readonly kind: 'system'; readonly name: 'worker' | 'gateway' | 'command-line' }

export type Actor = Professional | SystemActor

/** What every action is told about its call; `requestId` joins the answer, the log line and the audit event. */
export type RequestContext = { readonly requestId: string; readonly clientAddress: string | null }
