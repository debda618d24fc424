/** A live session as pages and routes see it: who, what they may choose from, and as whom they act. */
import type { Professional } from '../domain/actor.ts'
import type { Role } from '../domain/roles.ts'
import type { Rpps } from '../domain/rpps.ts'

export type ActivityView = {
  readonly pharmacyId: string
  readonly pharmacyName: string
  readonly finess: string
  readonly role: Role
}

export type SessionView = {
  readonly sessionId: string
  readonly professionalId: string
  readonly rpps: Rpps
  readonly familyName: string
  readonly givenName: string
  readonly activities: readonly ActivityView[]
  /** Null until the person has chosen where they act; chosen at once where there is one activity. */
  readonly actor: Professional | null
  readonly activity: ActivityView | null
  readonly expiresAt: Date
}
