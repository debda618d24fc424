/** The signing keys of a simulator: the newest signs; older ones stay known to it, and are published or not. */
import { exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

export type SigningKey = JWK & { readonly kid: string }

export type SimulatorKeys = {
  readonly current: () => SigningKey
  /** Newest first; for the provider, which must still recognise an ID token that it gave before a rotation. */
  readonly all: () => readonly SigningKey[]
  /** What the JWKS endpoint answers. */
  readonly published: () => { readonly keys: readonly JWK[] }
  /** A key that was never published, under the `kid` of none. */
  stranger(): Promise<SigningKey>
  rotate(): Promise<void>
}

export async function createSimulatorKeys(): Promise<SimulatorKeys> {
  let serial = 1
  let stranger: Promise<SigningKey> | null = null
  let keys = [await newKey(`psc-sim-${serial}`)]
  const current = (): SigningKey => {
    const [key] = keys
    if (!key) throw new Error('a simulator always has a key')
    return key
  }
  return {
    current,
    all: () => keys,
    published: () => {
      const { kid, kty, n, e, alg, use } = current()
      return { keys: [{ kid, kty, n, e, alg, use } as JWK] }
    },
    stranger: () => {
      stranger ??= newKey('stranger')
      return stranger
    },
    rotate: async () => {
      serial += 1
      keys = [await newKey(`psc-sim-${serial}`), ...keys]
    },
  }
}

async function newKey(kid: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }
}

export function privateKeyOf(jwk: JWK, alg: string): ReturnType<typeof importJWK> {
  return importJWK({ ...jwk, alg }, alg)
}
