/** Opens the root keys that the configuration names: a mounted file, or a key service with the file's keys still opening. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Agent, fetch as undiciFetch } from 'undici'
import { assert } from '../base/assert.ts'
import type { Fetch, KeyServiceDeps } from './key-service.ts'
import { createOkmsRootKeys } from './okms-root-keys.ts'
import { openRootKeys } from './root-jwks.ts'
import { RootKeyError, type RootKeys } from './root-keys.ts'
import { createTransitRootKeys } from './transit-root-keys.ts'

/** Paths are absolute. */
export type KeyServiceConnection = {
  readonly url: string
  readonly timeoutMs: number
  /** PEM file of the only authority that the service's certificate may come from; null: the system's. */
  readonly caFile: string | null
  readonly clientCertificateFile: string | null
  readonly clientKeyFile: string | null
  /** Read anew for each question, since an agent beside us renews it. */
  readonly tokenFile: string | null
}
export type RootKeySettings =
  | { readonly kind: 'file' }
  | (KeyServiceConnection & {
      readonly kind: 'transit'
      readonly mount: string
      readonly keyName: string
      readonly namespace: string | null
    })
  | (KeyServiceConnection & {
      readonly kind: 'okms'
      readonly primaryKeyId: string
      readonly otherKeyIds: readonly string[]
    })

export type OpenedRootKeys = RootKeys & { close(): Promise<void> }

const tokenCharsMax = 4096

/**
 * `jwks` is the text of the root key file, or null. Beside a key service its keys no longer wrap, and go on opening what they
 * wrapped: that is how a house moves from a file to a service. Throws where a file cannot be read: at the start, not later.
 */
export function openConfiguredRootKeys(settings: RootKeySettings, jwks: string | null): OpenedRootKeys {
  const file = jwks === null ? null : openRootKeys(jwks)
  if (settings.kind === 'file') {
    assert(file, 'the root key file has been read')
    return { ...file, close: async () => undefined }
  }
  const { deps, close } = connect(settings)
  const readToken = settings.tokenFile === null ? null : tokenReader(settings.tokenFile)
  if (settings.kind === 'okms') return { ...withFile(createOkmsRootKeys({ ...deps, readToken }, settings), file), close }
  assert(readToken, 'the transit engine is asked with a token')
  return { ...withFile(createTransitRootKeys({ ...deps, readToken }, settings), file), close }
}

/** By name alone: a service answers `unknown-kid` for what is not its own before it is asked anything. */
function withFile(service: RootKeys, file: RootKeys | null): RootKeys {
  if (!file) return service
  const isServices = (kid: string) => kid.startsWith('transit:') || kid.startsWith('okms:')
  return { ...service, unwrap: (kid, wrapped) => (isServices(kid) ? service : file).unwrap(kid, wrapped) }
}

function connect(settings: KeyServiceConnection): { readonly deps: KeyServiceDeps; close(): Promise<void> } {
  const { timeoutMs, caFile, clientCertificateFile, clientKeyFile } = settings
  const agent = new Agent({
    connections: 8,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: {
      timeout: timeoutMs,
      minVersion: 'TLSv1.2',
      // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED cannot open a door.
      rejectUnauthorized: true,
      ...(caFile === null ? {} : { ca: readFileSync(caFile) }),
      ...(clientCertificateFile === null ? {} : { cert: readFileSync(clientCertificateFile) }),
      ...(clientKeyFile === null ? {} : { key: readFileSync(clientKeyFile) }),
    },
  })
  const fetch: Fetch = async (url, { method, headers, body, redirect, signal }) => {
    const init = { method, headers, body, redirect, signal, dispatcher: agent } as Parameters<typeof undiciFetch>[1]
    // undici's own Response; the platform's is the same class of another copy.
    return (await undiciFetch(url, init)) as unknown as Response
  }
  return { deps: { fetch, timeoutMs }, close: () => agent.destroy() }
}

function tokenReader(path: string): () => Promise<string> {
  return async () => {
    try {
      const token = (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
      if (!/^[\x21-\x7e]+$/.test(token) || token.length > tokenCharsMax) throw new Error('the token file holds no token')
      return token
    } catch (cause) {
      throw new RootKeyError('unavailable', { cause })
    }
  }
}
