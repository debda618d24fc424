/** A second cipher suite, in tests only: shows that the format can move on without the gateway stopping. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Suite } from '../../src/crypto/suites.ts'

const options = { authTagLength: 16 } as const

export const chachaSuite: Suite = {
  id: 2,
  encrypt(key, nonce, aad, plain, out, at) {
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, options)
    cipher.setAAD(aad, { plaintextLength: plain.length })
    out.set(cipher.update(plain), at)
    cipher.final()
    out.set(cipher.getAuthTag(), at + plain.length)
  },
  decrypt(key, nonce, aad, data, tag) {
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, options)
    decipher.setAAD(aad, { plaintextLength: data.length })
    decipher.setAuthTag(tag)
    const plain = decipher.update(data)
    decipher.final()
    return plain
  },
}
