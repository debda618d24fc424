/** What machines look for at fixed places: where to report a weakness (RFC 9116), and that nothing here is to be indexed. */
import { addMs, type Clock } from '../../base/clock.ts'
import type { Route } from '../route.ts'

/** RFC 9116 asks for less than a year; half of one, so that a cached copy is never close to it. */
const expiryMs = 182 * 86_400_000

export type WellKnownOptions = {
  /** `mailto:` or `https:` addresses, the preferred one first; at least one. */
  readonly securityContacts: readonly string[]
  readonly publicUrl: string
  /** Text of the public JWKS of signing keys (RFC 7517); null where nothing is signed. */
  readonly signingJwks: string | null
}

export const signingKeysPath = '/.well-known/passerelle-signing-keys.json'

export function wellKnownRoutes(deps: { readonly clock: Clock }, options: WellKnownOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/.well-known/security.txt',
      access: 'public',
      handle: ({ c }) => c.text(securityText(deps.clock.now(), options)),
    },
    {
      method: 'GET',
      path: signingKeysPath,
      access: 'public',
      handle: ({ c }) =>
        c.body(options.signingJwks ?? '{"keys":[]}\n', 200, { 'Content-Type': 'application/jwk-set+json; charset=utf-8' }),
    },
    { method: 'GET', path: '/robots.txt', access: 'public', handle: ({ c }) => c.text('User-agent: *\nDisallow: /\n') },
  ]
}

function securityText(now: Date, options: WellKnownOptions): string {
  const expires = addMs(now, expiryMs).toISOString().slice(0, 10)
  return [
    ...options.securityContacts.map((contact) => `Contact: ${contact}`),
    `Expires: ${expires}T00:00:00Z`,
    'Preferred-Languages: fr, en',
    `Canonical: ${options.publicUrl}/.well-known/security.txt`,
    '',
  ].join('\n')
}
