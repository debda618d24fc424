/** The headers of every answer: errors, redirects and assets included (security.md W4, W5). */

const hstsSeconds = 2 * 365 * 86_400
const assetSeconds = 365 * 86_400

/** Name of the one Trusted Types policy, which the page script makes for our own pages. */
export const trustedTypesPolicy = 'passerelle'

const permissionsPolicy = [
  'accelerometer',
  'autoplay',
  'bluetooth',
  'browsing-topics',
  'camera',
  'display-capture',
  'fullscreen',
  'geolocation',
  'gyroscope',
  'hid',
  'identity-credentials-get',
  'idle-detection',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'picture-in-picture',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'usb',
  'xr-spatial-tracking',
]
  .map((feature) => `${feature}=()`)
  .join(', ')

/**
 * Headers for all answers. `formActionOrigins`: where a form's answer may redirect, besides ourselves: browsers apply
 * `form-action` to the redirects that follow, and signing out ends at Pro Santé Connect.
 */
export function strictHeaders(options: { readonly formActionOrigins: readonly string[] }): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `form-action ${["'self'", ...options.formActionOrigins].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    `trusted-types ${trustedTypesPolicy}`,
  ]
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy.join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': permissionsPolicy,
    // Not `no-referrer`: under it browsers send `Origin: null` with a form, and the request guard needs the real one.
    'Referrer-Policy': 'same-origin',
    'Strict-Transport-Security': `max-age=${hstsSeconds}; includeSubDomains`,
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'X-Robots-Tag': 'noindex, nofollow',
  }
}

/** For assets alone: their path holds the hash of their bytes, so that a copy can never be stale. */
export const immutableCache = `public, max-age=${assetSeconds}, immutable`
