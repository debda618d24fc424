/** Root keys in the transit engine of OpenBao or Vault: the root key never leaves the service. */
import { askKeyService, asObject, type KeyServiceDeps, readBase64, serviceUrl } from './key-service.ts'
import { RootKeyError, type RootKeys } from './root-keys.ts'

export type TransitSettings = {
  /** `https://bao.example.org:8200`. */
  readonly url: string
  /** Where the engine is mounted: `transit`. */
  readonly mount: string
  /** Name of an `aes256-gcm96` key that is neither exportable nor derived. */
  readonly keyName: string
  readonly namespace: string | null
}

export type TransitDeps = KeyServiceDeps & {
  /** The token of the moment, read anew each time: an agent beside us renews it. */
  readonly readToken: () => Promise<string>
}

const namePattern = /^[A-Za-z0-9._-]{1,64}$/
const ciphertextPattern = /^vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]{1,4000}={0,2}$/

/**
 * Each version of the transit key is a kid of its own, `transit:NAME:v3`: rotating the key in the service makes the next version
 * primary, `rewrap` moves the tenant keys, and raising `min_decryption_version` there retires the old one.
 * API: POST `/v1/MOUNT/encrypt/NAME` and `…/decrypt/NAME`, GET `/v1/MOUNT/keys/NAME`, token in `X-Vault-Token`.
 */
export function createTransitRootKeys(deps: TransitDeps, settings: TransitSettings): RootKeys {
  const { mount, keyName, namespace } = settings
  if (!namePattern.test(mount) || !namePattern.test(keyName))
    throw new TypeError('mount and key name: letters, digits, dots, dashes')
  const base = `${serviceUrl(settings.url)}/v1/${mount}`
  const kidOf = (version: number | string) => `transit:${keyName}:v${version}`

  async function ask(path: string, body: Readonly<Record<string, unknown>> | null): Promise<Readonly<Record<string, unknown>>> {
    const headers = { 'x-vault-token': await deps.readToken(), ...(namespace === null ? {} : { 'x-vault-namespace': namespace }) }
    const method = body === null ? 'GET' : 'POST'
    const answer = await askKeyService(deps, { method, url: `${base}/${path}/${keyName}`, headers, body, expectedStatus: 200 })
    const data = asObject(answer.data)
    if (!data) throw new RootKeyError('unavailable')
    return data
  }

  return {
    primaryKid: async () => {
      const version = (await ask('keys', null)).latest_version
      if (!Number.isSafeInteger(version)) throw new RootKeyError('unavailable')
      return kidOf(String(version))
    },
    wrap: async (payload) => {
      const { ciphertext } = await ask('encrypt', { plaintext: Buffer.from(payload).toString('base64') })
      const version = typeof ciphertext === 'string' ? ciphertextPattern.exec(ciphertext)?.[1] : undefined
      if (typeof ciphertext !== 'string' || version === undefined) throw new RootKeyError('unavailable')
      return { kid: kidOf(version), wrapped: ciphertext }
    },
    unwrap: async (kid, wrapped) => {
      if (!kid.startsWith(`transit:${keyName}:v`)) throw new RootKeyError('unknown-kid')
      const version = ciphertextPattern.exec(wrapped)?.[1]
      if (version === undefined || kid !== kidOf(version)) throw new RootKeyError('not-opened')
      const plain = readBase64((await ask('decrypt', { ciphertext: wrapped })).plaintext)
      if (!plain) throw new RootKeyError('unavailable')
      return plain
    },
  }
}
