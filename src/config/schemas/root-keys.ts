/** Schema of `rootKeys` in `gateway.yaml`: where the root keys stand, and how a key service is reached. */
import * as z from 'zod'
import { findSuggestion } from '../suggest.ts'
import { country, expected, filePath, group, list, url, wholeNumber, word } from './parts.ts'

export const rootKeyKinds = ['file', 'transit', 'okms'] as const
export type RootKeyKind = (typeof rootKeyKinds)[number]

const kind = 'Where the root keys stand: file (ROOT_KEYS_FILE), transit (OpenBao, Vault) or okms (OVHcloud).'

const connection = {
  url: url().describe('Address of the key service.'),
  timeoutMs: wholeNumber(500, 30_000).default(5000).describe('Milliseconds that one question to it may take.'),
  country: country().optional().describe('Country where the service stands; mandatory in production.'),
  caFile: filePath()
    .nullable()
    .default(null)
    .describe("PEM file of the only authority trusted for it; without it, the system's. Relative to this file."),
  clientCertificateFile: filePath().nullable().default(null).describe('PEM file of our client certificate, for mutual TLS.'),
  clientKeyFile: filePath().nullable().default(null).describe('PEM file of the key of that certificate.'),
  tokenFile: filePath()
    .nullable()
    .default(null)
    .describe('File that holds the access token on one line; read anew each time, since an agent may renew it.'),
}

const name = () => word(/^[A-Za-z0-9._-]{1,64}$/, 'up to 64 letters, digits, dots, underscores and hyphens')
const keyId = () =>
  word(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'the UUID of a service key, in lower case')

const file = group({ kind: z.literal('file').describe(kind) })
const transit = group({
  kind: z.literal('transit').describe(kind),
  ...connection,
  mount: name().default('transit').describe('Where the transit engine is mounted.'),
  keyName: name().describe('Name of the aes256-gcm96 key there.'),
  namespace: word(/^[\x21-\x7e]{1,200}$/, 'a namespace, without spaces')
    .nullable()
    .default(null)
    .describe('Namespace of the engine, where there are namespaces.'),
})
const okms = group({
  kind: z.literal('okms').describe(kind),
  ...connection,
  primaryKeyId: keyId().describe('UUID of the service key that wraps from now on.'),
  otherKeyIds: list(keyId(), { min: 0, max: 20, of: 'service keys' })
    .default([])
    .describe('UUIDs of earlier service keys that still open.'),
})

export const rootKeys = z.discriminatedUnion('kind', [file, transit, okms], { error: kindMistake })

function kindMistake(issue: { readonly input?: unknown }): string {
  const { input } = issue
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return expected('a group of keys')(issue)
  const found = 'kind' in input ? input.kind : undefined
  const message = expected(`one of ${rootKeyKinds.join(', ')}`, 'text')({ input: found })
  const near = typeof found === 'string' ? findSuggestion(found, rootKeyKinds) : null
  return near === null ? message : `${message}; did you mean ${near}?`
}

/** What `rootKeys.kind` says in a file that may be mistaken elsewhere; `file` where it says nothing that we know. */
export function rootKeysKindOf(gatewayFile: unknown): RootKeyKind {
  const inside =
    typeof gatewayFile === 'object' && gatewayFile !== null && 'rootKeys' in gatewayFile ? gatewayFile.rootKeys : null
  const said = typeof inside === 'object' && inside !== null && 'kind' in inside ? inside.kind : null
  return rootKeyKinds.find((one) => one === said) ?? 'file'
}
