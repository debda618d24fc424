/** What sign-in tells, as lines of the log. */
import type { Events } from '../telemetry/events.ts'
import type { AuthEvent } from './auth-event.ts'

export function reportAuth(events: Events, event: AuthEvent): void {
  switch (event.kind) {
    case 'sign-in-failed':
      events.signInFailed({ problem: event.problem, code: event.code })
      return
    case 'psc-metadata-failed':
      events.signInProviderUnavailable({ code: event.code })
      return
    case 'rpps-key-does-not-hold':
    case 'subject-changed':
      events.professionalToCheck({ professionalId: event.professionalId, code: event.kind })
  }
}
