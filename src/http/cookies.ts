/** The two cookies: the session, and the sign-in that is under way. Both are references, of no meaning by themselves. */
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { HttpContext } from './route.ts'

/** `__Host-`: only over TLS, only for this host, only for the whole of it; browsers count loopback as safe. */
export const sessionCookie = '__Host-passerelle'
export const signInCookie = '__Host-passerelle-signin'

type CookieName = typeof sessionCookie | typeof signInCookie

/** `Lax` and not `Strict`: the way back from Pro Santé Connect is a navigation from another site. */
const attributes = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax' } as const

/** Null where there is none, or something that is no token of ours. */
export function findToken(c: HttpContext, name: CookieName): string | null {
  const value = getCookie(c, name)
  return value !== undefined && /^[A-Za-z0-9._~-]{16,512}$/.test(value) ? value : null
}

/** Without an end of its own: the browser forgets it when closed, and the server says sooner when it is over. */
export function giveToken(c: HttpContext, name: CookieName, token: string): void {
  setCookie(c, name, token, attributes)
}

export function takeBack(c: HttpContext, name: CookieName): void {
  deleteCookie(c, name, attributes)
}
