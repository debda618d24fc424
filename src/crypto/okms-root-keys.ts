/** Root keys in OVHcloud's key management service (OKMS): data keys over its REST API, the service key never leaves it. */

import { TokenError, unwrapTenantKey, wrapTenantKey } from './jose.ts'
import { askKeyService, type KeyServiceDeps, readBase64, serviceUrl } from './key-service.ts'
import { RootKeyError, type RootKeys } from './root-keys.ts'

export type OkmsSettings = {
  /** `https://eu-west-rbx.okms.ovh.net`, or the same with the path of one OKMS domain. */
  readonly url: string
  /** UUID of the AES-256 service key that wraps from now on. */
  readonly primaryKeyId: string
  /** Earlier service keys that still unwrap. */
  readonly otherKeyIds: readonly string[]
}

export type OkmsDeps = KeyServiceDeps & {
  /** Null where `fetch` carries a client certificate instead. */
  readonly readToken: (() => Promise<string>) | null
}

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** The service's own token: a JWE, opaque to us. */
const dataKeyPattern = /^[A-Za-z0-9._=+/-]{1,4000}$/
const dataKeyBits = 256
const dataKeyName = 'passerelle'
/** Stands between the service's token and ours; in neither alphabet. */
const separator = '~'

/**
 * Each wrapped key has a data key of its own: the service makes it and gives it twice, in the clear and as a token; we wrap under
 * the clear one as a JWE, forget it, and keep `TOKEN~JWE`. API: POST `/v1/servicekey/ID/datakey` (201) and
 * `/v1/servicekey/ID/datakey/decrypt` (200).
 */
export function createOkmsRootKeys(deps: OkmsDeps, settings: OkmsSettings): RootKeys {
  const ids = [settings.primaryKeyId, ...settings.otherKeyIds]
  if (!ids.every((id) => idPattern.test(id))) throw new TypeError('service keys are named by their UUID')
  const base = `${serviceUrl(settings.url)}/v1/servicekey`
  const idByKid = new Map(ids.map((id) => [`okms:${id}`, id]))
  const primaryKid = `okms:${settings.primaryKeyId}`

  async function ask(path: string, body: Readonly<Record<string, unknown>>, expectedStatus: number) {
    const headers: Record<string, string> = deps.readToken ? { authorization: `Bearer ${await deps.readToken()}` } : {}
    return askKeyService(deps, { method: 'POST', url: `${base}/${path}`, headers, body, expectedStatus })
  }

  return {
    primaryKid: async () => primaryKid,
    wrap: async (payload) => {
      const made = await ask(`${settings.primaryKeyId}/datakey`, { name: dataKeyName, size: dataKeyBits }, 201)
      const bytes = readDataKey(made.plaintext)
      if (typeof made.key !== 'string' || !dataKeyPattern.test(made.key)) throw new RootKeyError('unavailable')
      const token = await wrapTenantKey({ kid: primaryKid, bytes }, payload)
      bytes.fill(0)
      return { kid: primaryKid, wrapped: `${made.key}${separator}${token}` }
    },
    unwrap: async (kid, wrapped) => {
      const id = idByKid.get(kid)
      if (id === undefined) throw new RootKeyError('unknown-kid')
      const [key = '', token, ...more] = wrapped.split(separator)
      if (token === undefined || more.length > 0 || !dataKeyPattern.test(key)) throw new RootKeyError('not-opened')
      const bytes = readDataKey((await ask(`${id}/datakey/decrypt`, { key }, 200)).plaintext)
      try {
        return await unwrapTenantKey({ kid, bytes }, token)
      } catch (cause) {
        throw cause instanceof TokenError ? new RootKeyError('not-opened', { cause }) : cause
      } finally {
        bytes.fill(0)
      }
    },
  }
}

function readDataKey(value: unknown): Buffer {
  const bytes = readBase64(value)
  if (bytes?.length !== dataKeyBits / 8) throw new RootKeyError('unavailable')
  return bytes
}
