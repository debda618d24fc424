/** Blind indexes: short keyed digests by which a pharmacy finds the same person again without a row saying who. */
import { assert } from '../base/assert.ts'
import { isId } from '../base/ids.ts'
import type { KeyRing, MacPurpose } from './key-ring.ts'
import { normalisationVersion, normaliseName } from './normalise-name.ts'
import { encodeTuple } from './tuple.ts'

/**
 * What may be indexed: a whole identity or a national number. Never a result, a sex or a birth date alone: so few values would
 * be read off the counts (security.md K10).
 */
export type BlindIndexSubject =
  | { readonly kind: 'identity'; readonly birthName: string; readonly birthDate: string }
  | { readonly kind: 'ins'; readonly matricule: string }
export type BlindIndexKind = BlindIndexSubject['kind']

const purposes: Readonly<Record<BlindIndexKind, MacPurpose>> = {
  identity: 'blind-index-identity',
  ins: 'blind-index-ins',
}

/**
 * The index of `subject` in `pharmacyId`, of `bits` bits by the plan: `1.12.9e4`, which is version of the normalisation, bits
 * and value. Texts of two versions or lengths are never equal, so that both can stand in a column while rows are computed again.
 */
export async function blindIndex(
  deps: { readonly ring: Pick<KeyRing, 'macForPharmacy'> },
  input: { readonly pharmacyId: string; readonly bits: number; readonly subject: BlindIndexSubject },
): Promise<string> {
  const { pharmacyId, bits, subject } = input
  assert(isId(pharmacyId), 'a blind index is of one pharmacy')
  assert(Number.isInteger(bits) && bits >= 1 && bits <= 32, 'a blind index has 1 to 32 bits')
  const mac = await deps.ring.macForPharmacy(pharmacyId, purposes[subject.kind], contentOf(subject))
  const value = Buffer.from(mac).readUInt32BE(0) >>> (32 - bits)
  return `${normalisationVersion}.${bits}.${value.toString(16)}`
}

/**
 * The comparison after opening: an index says "perhaps", this says yes or no. Same rules as the index, without its collisions.
 */
export function isSamePerson(one: BlindIndexSubject, other: BlindIndexSubject): boolean {
  return contentOf(one).equals(contentOf(other))
}

function contentOf(subject: BlindIndexSubject): Buffer {
  const version = String(normalisationVersion)
  return subject.kind === 'identity'
    ? encodeTuple([version, 'identity', normaliseName(subject.birthName), subject.birthDate])
    : encodeTuple([version, 'ins', subject.matricule])
}
