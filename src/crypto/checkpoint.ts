/** Checkpoints of a log as signed notes (C2SP tlog-checkpoint, signed-note): origin, size, root, signed with Ed25519. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { fail, ok, type Result } from '../base/result.ts'

/** `root` is 32 bytes; `size` counts leaves. */
export type Checkpoint = { readonly origin: string; readonly size: number; readonly root: Buffer }

/** Signs checkpoints of one origin; the verifier's half is text that anybody may hold. */
export type CheckpointSigner = { readonly origin: string; readonly verifierKey: string; sign(size: number, root: Buffer): string }

const ed25519Type = Uint8Array.of(1)
const keyHashLength = 4
const publicKeyLength = 32
/** An Ed25519 SubjectPublicKeyInfo is this, then the key (RFC 8410 §4). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const noteCharactersMax = 4096

/** A new key, PKCS #8 in PEM, for `AUDIT_KEY_FILE`. */
export function generateCheckpointKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
}

/** Null where the text is no Ed25519 private key in PEM. */
export function parseCheckpointKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'ed25519' ? key : null
  } catch {
    return null // the parser's own message may quote the file
  }
}

export function createCheckpointSigner(key: KeyObject, origin: string): CheckpointSigner {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length)
  const keyHash = keyHashOf(origin, publicKey)
  const verifierKey = `${origin}+${keyHash.toString('hex')}+${Buffer.concat([ed25519Type, publicKey]).toString('base64')}`
  return {
    origin,
    verifierKey,
    sign: (size, root) => {
      const text = `${origin}\n${size}\n${root.toString('base64')}\n`
      const signature = Buffer.concat([keyHash, sign(null, Buffer.from(text), key)]).toString('base64')
      return `${text}\n— ${origin} ${signature}\n`
    },
  }
}

export type CheckpointProblem = 'malformed' | 'other-key' | 'bad-signature'

/** Reads a note and checks it with a verifier key, `origin+hash+base64` (C2SP signed-note). */
export function openCheckpoint(note: string, verifierKey: string): Result<Checkpoint, CheckpointProblem> {
  const parts = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n\n— ([^\s]+) ([A-Za-z0-9+/]+=*)\n$/.exec(note)
  const key = parseVerifierKey(verifierKey)
  if (note.length > noteCharactersMax || !parts || !key) return fail('malformed')
  const [, origin = '', size = '', root = '', name = '', signature = ''] = parts
  const bytes = Buffer.from(signature, 'base64')
  // One note, one text: base64 that says the same bytes in other letters is refused.
  if (bytes.toString('base64') !== signature) return fail('malformed')
  const hash = keyHashOf(key.origin, key.publicKey)
  if (origin !== key.origin || name !== key.origin || !bytes.subarray(0, keyHashLength).equals(hash)) return fail('other-key')
  const signer = createPublicKey({ key: Buffer.concat([spkiPrefix, key.publicKey]), type: 'spki', format: 'der' })
  const signed = note.slice(0, note.indexOf('\n\n') + 1)
  if (!verify(null, Buffer.from(signed), signer, bytes.subarray(keyHashLength))) return fail('bad-signature')
  return ok({ origin, size: Number(size), root: Buffer.from(root, 'base64') })
}

function parseVerifierKey(text: string): { readonly origin: string; readonly publicKey: Buffer } | null {
  const parts = /^([^\s+]{1,250})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text.trim())
  const bytes = Buffer.from(parts?.[3] ?? '', 'base64')
  if (!parts?.[1] || bytes.length !== 1 + publicKeyLength || bytes[0] !== ed25519Type[0]) return null
  const publicKey = bytes.subarray(1)
  return keyHashOf(parts[1], publicKey).toString('hex') === parts[2] ? { origin: parts[1], publicKey } : null
}

function keyHashOf(origin: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(`${origin}\n`).update(ed25519Type).update(publicKey).digest().subarray(0, keyHashLength)
}
