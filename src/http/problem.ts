/** What an answer says when something is wrong: a closed code, its status, a request id; never an inner message. */
import type { HtmlEscapedString } from 'hono/utils/html'
import type { GatewayErrorCode } from '../domain/errors.ts'

export type ProblemCode = GatewayErrorCode | 'method-not-allowed'

export const problemStatuses = {
  'bad-request': 400,
  'not-signed-in': 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'not-configured': 409,
  'too-large': 413,
  'too-many-requests': 429,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<ProblemCode, number>

export type Problem = {
  readonly code: ProblemCode
  readonly requestId: string
  /** True where the browser still holds a form that can be sent again after a new sign-in. */
  readonly formHeld: boolean
}

export type ShowProblem = (problem: Problem) => HtmlEscapedString | Promise<HtmlEscapedString>

/** JSON for programs that ask for it and not for HTML; a page for everybody else. */
export function wantsJson(accept: string | undefined): boolean {
  return accept?.includes('application/json') === true && !accept.includes('text/html')
}

export function problemBody(problem: Problem): { error: { code: ProblemCode; requestId: string } } {
  return { error: { code: problem.code, requestId: problem.requestId } }
}
