/** The gateway's configuration, decided once at start: everything but the secrets, so that it can be printed. */
import type { DestinationSettings } from '../domain/destination-settings.ts'
import type { PharmacySettings } from '../domain/pharmacy.ts'
import type { PharmacyGroup } from '../domain/pharmacy-group.ts'
import type { Profile } from '../domain/profile.ts'
import type { RetentionSettings } from '../domain/retention.ts'
import type { TariffSettings } from '../domain/tariff.ts'
import type { TestKit } from '../domain/test-kit.ts'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export type Config = {
  readonly profile: Profile
  readonly logLevel: LogLevel
  readonly listen: { readonly host: string; readonly port: number; readonly managementPort: number }
  /** Origin under which browsers reach the gateway: scheme, host and port, with no path and no slash at the end. */
  readonly publicUrl: string
  /** Addresses or CIDR blocks whose `X-Forwarded-For` is believed; empty: nobody's. */
  readonly trustedProxies: readonly string[]
  /** `mailto:` or `https:` addresses for reports of weaknesses (RFC 9116). */
  readonly securityContacts: readonly string[]
  readonly signIn: SignInSettings
  readonly sessions: { readonly idleMinutes: number; readonly absoluteMinutes: number }
  readonly worker: {
    readonly leaseSeconds: number
    readonly batchSize: number
    readonly pollSeconds: number
    readonly retryAloneMax: number
  }
  readonly alarms: { readonly silenceMinutes: number; readonly quietHours: number; readonly quietCapturesMin: number }
  readonly rootKeys: RootKeySettings
  readonly duplicateSearch: { readonly screeningsPerPharmacy: number }
  /** Null: no traces, and nothing of them is loaded. */
  readonly tracing: TracingSettings | null
  /** Where the gateway and its databases stand; null only in the demo and test profiles. */
  readonly hosting: HostingDeclaration | null
  readonly pharmacies: readonly PharmacySettings[]
  readonly groups: readonly PharmacyGroup[]
  readonly destinations: readonly DestinationSettings[]
  readonly testKits: readonly TestKit[]
  readonly tariff: TariffSettings
  readonly retention: RetentionSettings
  /** File on another volume to which checkpoints of the audit log are appended; null: they stay in the database. */
  readonly auditAnchorFile: string | null
  /** As `audit public-key` printed them, oldest first. */
  readonly formerAuditKeys: readonly string[]
  /** Every outside host that the gateway may call, and no other (security.md H1). */
  readonly outsideEndpoints: readonly OutsideEndpoint[]
}

export type SignInSettings = {
  readonly issuer: string
  readonly clientId: string
  readonly discoveryUrl: string
  readonly clientAuthentication: 'client_secret_post'
  /** Hosts (with their port where it is not the scheme's own) on which endpoints of the discovery document may lie. */
  readonly allowedEndpointHosts: readonly string[]
  /** False only where Pro Santé Connect advertises the `iss` answer parameter and then leaves it out. */
  readonly expectIssParameter: boolean
  /** Loud on purpose: `http:` sign-in endpoints, in the demo and test profiles only. */
  readonly insecureAllowHttp: boolean
  /** Sectors of activity (TRE_R02) under which a pharmacist may work here. */
  readonly pharmacistSectors: readonly string[]
}

/** HDS activities of the 2024 referential, by number. */
export const hdsActivities = [1, 2, 3, 4, 5, 6] as const
export type HdsActivity = (typeof hdsActivities)[number]

export type HostingDeclaration = {
  readonly host: string
  readonly certificateReference: string
  /** `YYYY-MM-DD`, last day of validity. */
  readonly certificateValidUntil: string
  readonly activities: readonly HdsActivity[]
  /** ISO 3166-1 alpha-2. */
  readonly country: string
}

/** How a key service is reached; paths are absolute. */
export type KeyServiceConnection = {
  readonly url: string
  readonly timeoutMs: number
  readonly caFile: string | null
  readonly clientCertificateFile: string | null
  readonly clientKeyFile: string | null
  readonly tokenFile: string | null
}

export type RootKeySettings =
  | { readonly kind: 'file' }
  | (KeyServiceConnection & {
      readonly kind: 'transit'
      readonly mount: string
      readonly keyName: string
      readonly namespace: string | null
    })
  | (KeyServiceConnection & {
      readonly kind: 'okms'
      readonly primaryKeyId: string
      readonly otherKeyIds: readonly string[]
    })

export type TracingSettings = {
  readonly url: string
  readonly samplePercent: number
  /** CIDR blocks of private addresses in which the collector may stand. */
  readonly privateNetworks: readonly string[]
  readonly insecureAllowPlainHttp: boolean
}

export type OutsideEndpoint = {
  readonly purpose: 'sign-in' | 'destination' | 'root-keys' | 'tracing'
  /** `psc`, the destination's id, the kind of key service, or `collector`. */
  readonly name: string
  /** Host, with its port where it is not the scheme's own. */
  readonly host: string
  /** ISO 3166-1 alpha-2; null where nothing is declared, in the demo and test profiles only. */
  readonly country: string | null
}

/** One thing wrong with the configuration: where it stands and what was expected there. Never holds a secret. */
export type ConfigMistake = {
  /** Path of the file, or `environment`. */
  readonly source: string
  /** From 1; null where the mistake has no place (an environment variable, a file that is not there). */
  readonly line: number | null
  readonly column: number | null
  /** `signIn.issuer`, `destinations[0].transport.url`, `DATABASE_URL`; empty for the file as a whole. */
  readonly key: string
  readonly message: string
}
