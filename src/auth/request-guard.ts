/** Refuses requests that another site made the browser send: our own guard, since content types protect nothing. */
import { fail, ok, type Result } from '../base/result.ts'

export type UnsafeRequest = {
  readonly method: string
  /** The header's text; null where it is absent. */
  readonly secFetchSite: string | null
  readonly origin: string | null
  readonly contentType: string | null
  /** Our own origin, from the configuration: scheme, host and port. */
  readonly publicUrl: string
}

export type RequestGuardCode = 'fetch-site-differs' | 'origin-missing' | 'origin-differs' | 'content-type-not-admitted'

const safeMethods = ['GET', 'HEAD', 'OPTIONS']
/** What our forms and our own scripts send; an import sends its file as `multipart/form-data`. */
const admittedTypes = ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json']

/**
 * For routes that a browser's cookie opens. Every method but GET, HEAD and OPTIONS needs `Origin` equal to ours and, where
 * the browser sends it, `Sec-Fetch-Site: same-origin` (security.md W3: a script of another site can send JSON with cookies
 * and without a preflight, and `same-origin` alone can be written by a client that is no browser).
 */
export function checkUnsafeRequest(request: UnsafeRequest): Result<null, RequestGuardCode> {
  // Method names are case-sensitive: `get` is no GET.
  if (safeMethods.includes(request.method)) return ok(null)
  if (request.secFetchSite !== null && request.secFetchSite !== 'same-origin') return fail('fetch-site-differs')
  if (request.origin === null) return fail('origin-missing')
  // Browsers write an origin in one way; `null` (sandboxes, redirects) and look-alikes are other texts.
  if (request.origin !== request.publicUrl) return fail('origin-differs')
  return admits(request.contentType) ? ok(null) : fail('content-type-not-admitted')
}

/** No content type at all: a request without a body, as a sign-out button of ours may send. */
function admits(contentType: string | null): boolean {
  if (contentType === null) return true
  const [type = ''] = contentType.split(';')
  return admittedTypes.includes(type.trim().toLowerCase())
}
