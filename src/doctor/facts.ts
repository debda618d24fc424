/** What the doctor knows: facts alone, gathered once, so that each check is a pure judgement of them. */
import type { HostingDeclaration, OutsideEndpoint } from '../config/config.ts'
import type { FormatName, TransportSettings } from '../domain/destination-settings.ts'
import type { Profile } from '../domain/profile.ts'
import type { UpkeepReading } from '../telemetry/upkeep-metrics.ts'

/** Null anywhere: it could not be asked from here. Ages and spans in ms. Nothing here is a secret or of a patient. */
export type Facts = {
  readonly at: Date
  readonly profile: Profile
  readonly logLevel: string
  readonly publicUrl: string
  readonly hosting: HostingDeclaration | null
  readonly outsideEndpoints: readonly OutsideEndpoint[]
  readonly countriesOutsideEea: readonly string[]
  readonly signIn: { readonly issuer: string; readonly insecureAllowHttp: boolean; readonly discovery: DiscoveryFact | null }
  readonly front: FrontFact | null
  readonly destinations: readonly DestinationFact[]
  readonly upkeep: UpkeepReading
  readonly keys: {
    /** Keys of the root by name, with how many tenant keys each wraps. */
    readonly roots: readonly { readonly kid: string; readonly tenantKeys: number }[]
    readonly primaryKid: string
    /** Permission bits of the file of root keys; null where a key service holds them. */
    readonly fileMode: number | null
  }
  readonly keyStore: { readonly sameServer: boolean | null }
  readonly audit: {
    readonly keyGiven: boolean
    readonly anchorFile: boolean
    /** Names of what the verifier found; null where nothing is sealed. */
    readonly problems: readonly string[] | null
    readonly events: number
    /** Signed screenings of the last day, and how many of them have no event of their signing. */
    readonly screenings: number
    readonly screeningsWithoutEvent: number
  }
  readonly sealed: { readonly sampled: number; readonly clear: number }
  readonly retention: {
    readonly payloadDays: number
    readonly reason: string | null
    readonly auditDays: number
    readonly auditReason: string | null
  }
  readonly backup: { readonly lastOutcome: 'passed' | 'failed' | null }
  readonly ledgerDifferences: number
  readonly secrets: {
    /** Names of secrets that came by plain environment, that are weak, or whose files others can read. */
    readonly plain: readonly string[]
    readonly weak: readonly string[]
    readonly openFiles: readonly string[]
  }
  /** Against each database's clock. */
  readonly clockSkewMs: number
  readonly process: { readonly canWriteBesideCode: boolean; readonly userId: number }
  /** Uses of cryptography that name an algorithm which must not be there. */
  readonly weakAlgorithms: readonly string[]
  readonly undeclaredDestinations: readonly string[]
  readonly migrationsLacking: number
}

export type DiscoveryFact = { readonly issuerMatches: boolean; readonly endpointsAreHttps: boolean }

export type FrontFact = {
  /** `TLSv1.3`; null where the address is plain http. */
  readonly protocol: string | null
  readonly certificateLeftMs: number | null
  readonly oldTlsAccepted: boolean
  readonly hstsSeconds: number | null
  /** Paths of files that nobody should serve, and which of them were answered with anything but a refusal. */
  readonly canariesAsked: number
  readonly canariesServed: readonly string[]
  /** Pages behind sign-in that answered somebody who had not signed in. */
  readonly openDoors: readonly string[]
  readonly securityTextDaysLeft: number | null
}

export type DestinationFact = {
  readonly id: string
  readonly transport: TransportSettings['kind']
  readonly format: FormatName
  readonly plainText: boolean
  readonly test: boolean
}
