/** What the sign-in settings leave unsaid: the discovery document's address and the hosts that it may name. */
import type { SignInSettings } from './config.ts'

/** Pro Santé Connect's own document; the standard one gives another authorization endpoint. */
export function discoveryUrlOf(issuer: string, given: string | undefined): string {
  return given ?? `${issuer}/.well-known/wallet-openid-configuration`
}

/** The given list, or the issuer's host and, where that is `auth.…`, its sibling `wallet.…`, on which people sign in. */
export function endpointHostsOf(issuer: string, given: readonly string[] | undefined): readonly string[] {
  if (given !== undefined) return given
  const host = URL.parse(issuer)?.host ?? ''
  return host.startsWith('auth.') ? [host, host.replace(/^auth\./, 'wallet.')] : [host]
}

/** Signing out is a form whose answer leads to Pro Santé Connect: browsers hold its redirects to `form-action` too. */
export function formActionOrigins(signIn: Pick<SignInSettings, 'insecureAllowHttp' | 'allowedEndpointHosts'>): readonly string[] {
  const scheme = signIn.insecureAllowHttp ? 'http' : 'https'
  return signIn.allowedEndpointHosts.map((host) => `${scheme}://${host}`)
}
