/** The signer of this gateway's audit log: its origin is the gateway's own host, so that no other log's checkpoint passes for ours. */
import { assert } from '../base/assert.ts'
import { type CheckpointSigner, createCheckpointSigner, parseCheckpointKey } from '../crypto/checkpoint.ts'

/** Null where there is no key: nothing is sealed then. The PEM has been judged with the configuration. */
export function auditSignerOf(pem: string | null, publicUrl: string): CheckpointSigner | null {
  if (pem === null) return null
  const key = parseCheckpointKey(pem)
  assert(key, 'the audit key was read with the configuration')
  return createCheckpointSigner(key, `${new URL(publicUrl).host}/audit`)
}

/** Whose checkpoints are ours, oldest first: the keys that sealed before (`formerAuditKeys`), then the present one. Empty: nothing is sealed. */
export function verifierKeysOf(
  pem: string | null,
  { publicUrl, formerAuditKeys }: { readonly publicUrl: string; readonly formerAuditKeys: readonly string[] },
): readonly string[] {
  const signer = auditSignerOf(pem, publicUrl)
  return signer ? [...formerAuditKeys, signer.verifierKey] : []
}
