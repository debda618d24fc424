/** What the operator is told and the person is not: codes only, never a token, a name or a text that came in an answer. */
import type { PscFault } from './psc-fault.ts'
import type { SignInProblem } from './sign-in-problem.ts'

export type AuthEvent =
  | { readonly kind: 'sign-in-failed'; readonly problem: SignInProblem; readonly code: string }
  | { readonly kind: 'psc-metadata-failed'; readonly code: PscFault['code'] }
  /** The number's own key does not hold; a warning, since the agency's samples fail it too. */
  | { readonly kind: 'rpps-key-does-not-hold'; readonly professionalId: string }
  /** Pro Santé Connect's name for a known RPPS is another one than before. */
  | { readonly kind: 'subject-changed'; readonly professionalId: string }

export type ReportAuthEvent = (event: AuthEvent) => void
