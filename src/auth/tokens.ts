/** Tokens that a browser holds: how they are made, looked up by their digest, and used as the key of what is kept for them. */
import { fromUtf8, utf8 } from '../base/bytes.ts'

export type RandomBytes = (count: number) => Uint8Array
export type Purpose = 'sign-in' | 'id-token'

const tokenBytes = 32
const nonceBytes = 12
const formatVersion = 1

/** 256 random bits, base64url: 43 characters. */
export function newToken(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(tokenBytes)).toString('base64url')
}

/** SHA-256 of a token, the only form in which one is stored; null for what cannot be a token of ours. */
export async function hashToken(token: string): Promise<Uint8Array | null> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return null
  return new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.from(token)))
}

/** Seals text under a key that only the token's holder can derive: a dump of the table opens none of it. */
export async function sealForToken(
  input: { token: string; purpose: Purpose; text: string },
  randomBytes: RandomBytes,
): Promise<Uint8Array> {
  const nonce = randomBytes(nonceBytes)
  const key = await deriveKey(input.token, input.purpose, 'encrypt')
  const sealed = await crypto.subtle.encrypt(parameters(nonce, input.purpose), key, Buffer.from(utf8(input.text)))
  return Buffer.concat([Buffer.from([formatVersion]), nonce, Buffer.from(sealed)])
}

/** The text that was sealed for this token and purpose; null where it does not open. */
export async function openForToken(input: { token: string; purpose: Purpose; sealed: Uint8Array }): Promise<string | null> {
  const { token, purpose, sealed } = input
  if (sealed[0] !== formatVersion) return null
  const nonce = sealed.subarray(1, 1 + nonceBytes)
  const key = await deriveKey(token, purpose, 'decrypt')
  try {
    const text = await crypto.subtle.decrypt(parameters(nonce, purpose), key, Buffer.from(sealed.subarray(1 + nonceBytes)))
    return fromUtf8(new Uint8Array(text))
  } catch {
    return null
  }
}

function parameters(
  nonce: Uint8Array,
  purpose: Purpose,
): { name: 'AES-GCM'; iv: Buffer<ArrayBuffer>; additionalData: Buffer<ArrayBuffer> } {
  return { name: 'AES-GCM', iv: Buffer.from(nonce), additionalData: Buffer.from(`passerelle/${purpose}/${formatVersion}`) }
}

async function deriveKey(token: string, purpose: Purpose, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', Buffer.from(token), 'HKDF', false, ['deriveKey'])
  // The token is 256 uniform bits of its own, so that no salt is needed (RFC 5869 §3.1).
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: Buffer.alloc(0), info: Buffer.from(`passerelle ${purpose} key`) }
  return crypto.subtle.deriveKey(hkdf, secret, { name: 'AES-GCM', length: 256 }, false, [usage])
}
