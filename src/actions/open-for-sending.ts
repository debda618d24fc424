/** Makes claimed declarations ready to be opened by the worker: one query for the rows, one look-up for their keys. */
import { assert } from '../base/assert.ts'
import { wipeRecordKey } from '../crypto/column-keys.ts'
import { openColumn } from '../crypto/envelope.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { RecordKey } from '../crypto/sealed.ts'
import type { DeclarationDocument } from '../domain/declaration-document.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { PharmacySettings } from '../domain/pharmacy.ts'
import type { Profile } from '../domain/profile.ts'
import type { Rpps } from '../domain/rpps.ts'
import type { Database } from '../storage/database.ts'
import { type Claim, listVersionsForSending, type VersionForSending } from '../storage/queries.ts'

export type OpenForSendingDeps = {
  readonly database: Pick<Database, 'forWorkerAtOnce'>
  readonly keyRing: Pick<KeyRing, 'readRecordKeys'>
  readonly findPharmacy: (pharmacyId: string) => PharmacySettings | null
  readonly profile: Profile
}

export type Opened = { readonly document: DeclarationDocument } | { readonly outcome: Outcome }

const unreadable: Opened = { outcome: { class: 'permanent', code: 'unreadable-content' } }

/**
 * By declaration id. Each is opened when it is called, once: a patient stands in clear only while a message is made of them, and the
 * work of a set does not come all at once. What cannot be opened for good says why; rejects where nothing can be opened now
 * (the key store is away).
 */
export async function openForSending(
  deps: OpenForSendingDeps,
  claims: readonly Claim[],
): Promise<ReadonlyMap<string, () => Opened>> {
  const versions = await deps.database.forWorkerAtOnce((one) =>
    listVersionsForSending(
      one,
      claims.map((claim) => claim.versionId),
    ),
  )
  const byId = new Map(versions.map((version) => [version.versionId, version]))
  // Read past the cache of the ring: each is used once, and thousands that nobody asks for again would only fill memory.
  const keys = await deps.keyRing.readRecordKeys(versions.map((version) => version.keyRef))
  const taken = new Set<string>()
  return new Map(claims.map((claim) => [claim.id, opener(claim)]))

  /** Each has a key of its own, overwritten when it has opened, so that none meets another's zeros. */
  function takeKey({ keyRef }: VersionForSending): RecordKey | undefined {
    const key = keys.get(keyRef)
    if (!key || !taken.has(keyRef)) {
      taken.add(keyRef)
      return key
    }
    return { ...key, bytes: Buffer.from(key.bytes) }
  }

  function opener(claim: Claim): () => Opened {
    const version = byId.get(claim.versionId)
    let key = version && takeKey(version)
    let opened = false
    return () => {
      assert(!opened, 'a claim is opened once')
      opened = true
      try {
        return openOne(claim, version, key)
      } finally {
        if (key) wipeRecordKey(key)
        key = undefined
      }
    }
  }

  function openOne(claim: Claim, version: VersionForSending | undefined, key: RecordKey | undefined): Opened {
    // A declaration that points at another pharmacy's version, or at another screening, was not written by us.
    if (version?.pharmacyId !== claim.pharmacyId || version.screeningId !== claim.screeningId) return unreadable
    const pharmacy = deps.findPharmacy(claim.pharmacyId)
    // No key: erased, there is nothing to send any more. No pharmacy: taken out of the configuration, and may come back.
    if (!key) return unreadable
    if (!pharmacy) return { outcome: { class: 'transient', code: 'pharmacy-not-configured' } }
    const { pharmacyId, versionId, rpps, familyName, givenName } = version
    const cell = (column: string) => ({ pharmacyId, table: 'screenings', column, rowId: versionId })
    try {
      const document: DeclarationDocument = {
        declarationId: claim.id,
        controlId: claim.controlId,
        kind: claim.kind,
        screeningId: claim.screeningId,
        version: claim.version,
        replacesVersion: claim.replacesVersion,
        signedAt: new Date(version.signedAtMs).toISOString(),
        patient: openColumn(key, cell('patient'), version.patient),
        act: openColumn(key, cell('act'), version.act),
        author: { rpps: rpps as Rpps, familyName, givenName, role: version.signedRole },
        pharmacy,
        profile: deps.profile,
      }
      return { document }
    } catch {
      return unreadable // tampered or grafted: fails closed, and shows as refused
    }
  }
}
