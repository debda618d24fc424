/** A destination as config declares it: format × transport, with the promises and limits that forwarding relies on. */
import type { AnsOruCdaSettings } from './ans-oru-cda-settings.ts'
import type { Finess } from './finess.ts'
import type { Deduplication, RetryPolicy } from './settlement.ts'

export const formatNames = ['sidep-oru', 'bio-trod', 'ans-oru-cda'] as const
export type FormatName = (typeof formatNames)[number]

export type HttpsTransportSettings = {
  readonly kind: 'https'
  readonly url: string
  readonly timeoutMs: number
  readonly answerBytesMax: number
  /** PEM file of the only certificate authority trusted for this destination; null: the system's. */
  readonly caFile: string | null
  readonly clientCertificateFile: string | null
  readonly clientKeyFile: string | null
  /** Loud on purpose: `http:` is accepted only in the demo and test profiles. */
  readonly insecureAllowPlainHttp: boolean
}

export type TransportSettings = HttpsTransportSettings

/** When sending pauses: after so many failures with no answer between, for a time that doubles with each probe in vain. */
export type BreakerPolicy = { readonly failuresMax: number; readonly holdMs: number; readonly holdCapMs: number }

/** How fast declarations may leave, over all workers, and how that climbs when the destination has come back. */
export type PacePolicy = { readonly perSecondMax: number; readonly rampFromPerSecond: number; readonly rampMs: number }

export type DestinationSettings = {
  readonly id: string
  /** What pages call it. */
  readonly label: string
  readonly format: FormatName
  /** For the format `ans-oru-cda` alone; its defaults publish, mail and hide nothing. */
  readonly ansOruCda?: AnsOruCdaSettings | undefined
  readonly transport: TransportSettings
  readonly deduplicates: Deduplication
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
