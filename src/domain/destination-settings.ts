/** A destination as config declares it: format × transport, with the promises and limits that forwarding relies on. */
import type { AnsOruCdaSettings } from './ans-oru-cda-settings.ts'
import type { Finess } from './finess.ts'
import type { Deduplication, RetryPolicy } from './settlement.ts'

export const formatNames = ['sidep-oru', 'bio-trod', 'ans-oru-cda'] as const
export type FormatName = (typeof formatNames)[number]

/** False where a format has no word for "this never was": a person tells that destination of a cancellation. */
export function canSayCancellation(format: FormatName): boolean {
  return format !== 'bio-trod'
}

/** What bounds one exchange, whatever carries it. */
type ExchangeBounds = { readonly timeoutMs: number; readonly answerBytesMax: number }

/**
 * Addresses and blocks of private networks (RFC 1918 and the like) in which the host may lie. Empty: its name must lead
 * to public addresses alone, so that no name server can turn a declaration towards something inside.
 */
type HostReach = { readonly privateNetworks: readonly string[] }

/** PEM files; `caFile` null: the authorities that the system trusts, else this one alone. */
export type TlsFiles = {
  readonly caFile: string | null
  readonly clientCertificateFile: string | null
  readonly clientKeyFile: string | null
}

export type HttpsTransportSettings = ExchangeBounds &
  HostReach &
  TlsFiles & {
    readonly kind: 'https'
    readonly url: string
    /** Loud on purpose: `http:` is accepted only in the demo and test profiles. */
    readonly insecureAllowPlainHttp: boolean
  }

/** Messages in MLLP frames over TLS, several on one connection, one after the other. */
export type MllpTransportSettings = ExchangeBounds &
  HostReach &
  TlsFiles & { readonly kind: 'mllp'; readonly host: string; readonly port: number }

/** Files handed over by SFTP; the answer is a file too. Exactly one of the two secrets is given. */
export type SftpTransportSettings = ExchangeBounds &
  HostReach & {
    readonly kind: 'sftp'
    readonly host: string
    readonly port: number
    readonly user: string
    /** `SHA256:…` of each host key that is trusted, as `ssh-keygen -l` writes it. */
    readonly hostKeys: readonly string[]
    readonly privateKeyFile: string | null
    readonly passwordFile: string | null
    /** Folders of the server, absolute or under the home of the user. */
    readonly outbox: string
    readonly answers: string
    readonly pollMs: number
  }

/** Files handed over in a mounted folder; both paths are absolute and real (no symbolic link in them). */
export type FolderTransportSettings = ExchangeBounds & {
  readonly kind: 'folder'
  readonly outbox: string
  readonly answers: string
  readonly pollMs: number
}

export type TransportSettings = HttpsTransportSettings | MllpTransportSettings | SftpTransportSettings | FolderTransportSettings

export const transportKinds = ['https', 'mllp', 'sftp', 'folder'] as const satisfies readonly TransportSettings['kind'][]

/** When sending pauses: after so many failures with no answer between, for a time that doubles with each probe in vain. */
export type BreakerPolicy = { readonly failuresMax: number; readonly holdMs: number; readonly holdCapMs: number }

/** How fast declarations may leave, over all workers, and how that climbs when the destination has come back. */
export type PacePolicy = { readonly perSecondMax: number; readonly rampFromPerSecond: number; readonly rampMs: number }

/** Where the destination can be asked whether it holds a message: `GET path + control id`, on the transport's own host. */
export type LookUpSettings = {
  /** Absolute, ends with a slash. */
  readonly path: string
  readonly timeoutMs: number
  /** How long after a try that ended unseen it is asked about: what is still on its way there may arrive meanwhile. */
  readonly askAfterMs: number
}

export type DestinationSettings = {
  readonly id: string
  /** What pages call it. */
  readonly label: string
  readonly format: FormatName
  /** For the format `ans-oru-cda` alone; its defaults publish, mail and hide nothing. */
  readonly ansOruCda?: AnsOruCdaSettings | undefined
  readonly transport: TransportSettings
  readonly deduplicates: Exclude<Deduplication, 'look-up'>
  /** Asked first, before what may be there is sent again; without it, and without the promise above, a person decides. */
  readonly lookUp?: LookUpSettings | undefined
  /** Requests under way at once, over all workers. */
  readonly concurrencyMax: number
  readonly retry: RetryPolicy
  readonly breaker: BreakerPolicy
  readonly pace: PacePolicy
  readonly pharmacies: 'all' | readonly Finess[]
  /** Receipts of a billed destination are metered; those of a test one never are. */
  readonly billed: boolean
  readonly test: boolean
}

/** What the queue may rely on where a message may be there already. */
export function deduplicationOf({ deduplicates, lookUp }: Pick<DestinationSettings, 'deduplicates' | 'lookUp'>): Deduplication {
  return deduplicates === 'none' && lookUp ? 'look-up' : deduplicates
}

/** Whether screenings of the pharmacy with this FINESS number go there; undefined: a pharmacy that is not configured. */
export function servesPharmacy({ pharmacies }: Pick<DestinationSettings, 'pharmacies'>, finess: Finess | undefined): boolean {
  return pharmacies === 'all' || pharmacies.some((one) => one === finess)
}
