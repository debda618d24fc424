/** What PostgreSQL stores of a password: a SCRAM-SHA-256 verifier, so that whoever makes a role never sees the password. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

/** PostgreSQL's own count. The passwords here are 256 random bits: more rounds would protect nothing better. */
const iterations = 4096

/** The text for `create role … password '…'` (RFC 5803, as PostgreSQL writes it). `salt`: 16 random bytes. */
export function scramVerifier(password: string, salt: Uint8Array): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const keyOf = (label: string) => createHmac('sha256', salted).update(label).digest()
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  const serverKey = keyOf('Server Key').toString('base64')
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`
}

/** 256 random bits in characters that need no escaping in a URL. */
export function newPassword(randomBytes: (size: number) => Uint8Array): string {
  return Buffer.from(randomBytes(32)).toString('base64url')
}
