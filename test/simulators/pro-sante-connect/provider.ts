/** oidc-provider set up as the realm of Pro Santé Connect: its paths, lifetimes, claims and one client. */
import { Provider, type ProviderContext } from 'oidc-provider'
import type { SimulatorKeys } from './keys.ts'
import type { SimulatorStore } from './memory-adapter.ts'
import type { SeedPerson } from './people.ts'

export const realmPath = '/auth/realms/esante-wallet'
/** Below the realm. */
export const endpointPaths = {
  authorization: '/protocol/openid-connect/auth',
  token: '/protocol/openid-connect/token',
  userinfo: '/protocol/openid-connect/userinfo',
  jwks: '/protocol/openid-connect/certs',
  logout: '/protocol/openid-connect/logout',
} as const

export type ProviderSettings = {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly backchannelLogoutUri: string | null
  readonly people: readonly SeedPerson[]
  readonly keys: SimulatorKeys
  readonly store: SimulatorStore
}

/** In the token itself, as Pro Santé Connect puts them, besides UserInfo. */
const idTokenClaims = ['sub', 'SubjectNameID', 'preferred_username']

export function createProvider(settings: ProviderSettings): Provider {
  const { issuer, people, keys, store } = settings
  const provider = new Provider(issuer, {
    adapter: store.adapterFor,
    clients: [clientOf(settings)],
    jwks: { keys: keys.all() },
    cookies: { keys: ['simulator-only'] },
    acrValues: ['eidas1', 'eidas2', 'eidas3'],
    scopes: ['openid', 'scope_all'],
    claims: { openid: idTokenClaims, scope_all: scopeAllClaims(people), acr: null, auth_time: null, sid: null, iss: null },
    extraParams: ['kc_idp_hint'],
    pkce: { required: () => false },
    // Pro Santé Connect's own: tokens of two minutes, a session of four hours.
    ttl: {
      AuthorizationCode: 60,
      AccessToken: 120,
      IdToken: 120,
      RefreshToken: 1800,
      Session: 14400,
      Grant: 14400,
      Interaction: 600,
    },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    routes: {
      authorization: endpointPaths.authorization,
      token: endpointPaths.token,
      userinfo: endpointPaths.userinfo,
      jwks: endpointPaths.jwks,
      end_session: endpointPaths.logout,
      introspection: `${endpointPaths.token}/introspect`,
      revocation: '/protocol/openid-connect/revoke',
    },
    interactions: { url: (_: unknown, interaction: { uid: string }) => `/sim/choose/${interaction.uid}` },
    findAccount: (_: unknown, sub: string) => accountOf(people, sub),
    loadExistingGrant,
    // The library's own guard refuses loopback, where a back-channel logout of tests goes.
    fetch: (url: string, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) => fetch(url, options),
    renderError: (ctx: ProviderContext, error: { error: string }) => {
      ctx.type = 'html'
      ctx.body = page('Demande refusée', `<p>Demande refusée : <code>${error.error.replaceAll(/[^a-z_]/g, '')}</code></p>`)
    },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
    },
  })
  return provider
}

function clientOf(settings: ProviderSettings): Record<string, unknown> {
  return {
    client_id: settings.clientId,
    client_secret: settings.clientSecret,
    redirect_uris: settings.redirectUris,
    post_logout_redirect_uris: settings.postLogoutRedirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: 'RS256',
    require_auth_time: true,
    ...(settings.backchannelLogoutUri && {
      backchannel_logout_uri: settings.backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
  }
}

function scopeAllClaims(people: readonly SeedPerson[]): readonly string[] {
  const names = new Set(people.flatMap((person) => Object.keys(person.document)))
  return [...names].filter((name) => !idTokenClaims.includes(name))
}

function accountOf(people: readonly SeedPerson[], sub: string): unknown {
  const person = people.find((one) => one.document.sub === sub)
  return person && { accountId: sub, claims: () => person.document }
}

/** No consent screen: Pro Santé Connect shows none. */
async function loadExistingGrant(ctx: ProviderContext): Promise<unknown> {
  const grant = new ctx.oidc.provider.Grant({
    clientId: ctx.oidc.client.clientId,
    accountId: ctx.oidc.session.accountId,
  })
  grant.addOIDCScope('openid scope_all')
  await grant.save()
  return grant
}

/** Keycloak asks nothing where it is shown an ID token: the form sends itself, with a button where scripts are off. */
function logoutSource(ctx: ProviderContext, form: string): void {
  const button = '<button form="op.logoutForm" name="logout" value="yes" autofocus>Se déconnecter de Pro Santé Connect</button>'
  const script = `<script>document.addEventListener('DOMContentLoaded', function () { document.querySelector('button').click() })</script>`
  ctx.body = page('Déconnexion', `${form}<p>${button}</p>${script}`)
}

function postLogoutSuccessSource(ctx: ProviderContext): void {
  ctx.body = page('Déconnexion', '<p>Vous êtes déconnecté.</p>')
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>${title} – Simulateur Pro Santé Connect</title><meta name="color-scheme" content="light dark"></head><body><main><h1>Simulateur Pro Santé Connect</h1>${body}</main></body></html>`
}
