/** Cipher suites of sealed columns, by the number that stands in the ciphertext. */
import { createCipheriv, createDecipheriv } from 'node:crypto'

/**
 * An authenticated cipher with a 32-byte key, a 12-byte nonce and a 16-byte tag. `encrypt` writes data and tag (`plain.length`
 * + 16 bytes) at `out[at]`; `decrypt` returns the plain bytes, or throws where the tag does not fit.
 */
export type Suite = {
  readonly id: number
  encrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array, out: Uint8Array, at: number): void
  decrypt(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, data: Uint8Array, tag: Uint8Array): Buffer
}

export const nonceBytes = 12
export const tagBytes = 16

/** Suite 1: AES-256-GCM. The tag length is said each time: Node otherwise takes tags of four bytes (DEP0182). */
export const aes256Gcm: Suite = {
  id: 1,
  encrypt(key, nonce, aad, plain, out, at) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    cipher.setAAD(aad)
    out.set(cipher.update(plain), at)
    cipher.final()
    out.set(cipher.getAuthTag(), at + plain.length)
  },
  decrypt(key, nonce, aad, data, tag) {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(aad)
    decipher.setAuthTag(tag)
    const plain = decipher.update(data)
    // Nothing leaves before the tag has been checked: `final` throws, and the caller never sees `plain`.
    decipher.final()
    return plain
  },
}
