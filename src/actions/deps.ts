/** What actions are given: narrow functions, no pool and no configuration object. */
import type { Clock } from '../base/clock.ts'
import type { NewId } from '../base/ids.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { DestinationSettings } from '../domain/destination-settings.ts'
import type { Profile } from '../domain/profile.ts'
import type { TestKit } from '../domain/test-kit.ts'
import type { Database } from '../storage/database.ts'

export type ActionDeps = {
  readonly database: Pick<Database, 'forPharmacy' | 'forNobody'>
  readonly keyRing: Pick<KeyRing, 'takeRecordKey' | 'findRecordKeys' | 'macForPharmacy'>
  /** Of each blind index of a patient, planned from the declared population. */
  readonly blindIndexBits: number
  readonly clock: Clock
  readonly newId: NewId
  /** For declarations. */
  readonly newTimedId: NewId
  readonly randomBytes: (count: number) => Uint8Array
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  readonly profile: Profile
  readonly findTestKit: (id: string) => TestKit | null
  /** The destinations that a pharmacy's screenings go to. */
  readonly destinationsOf: (pharmacyId: string) => readonly DestinationSettings[]
  readonly findDestination: (destinationId: string) => DestinationSettings | null
  /** A retry of more than this many, with what the same person chose alone within a day, needs a second person. */
  readonly retryAloneMax: number
}
