/** Schema of `gateway.yaml`: how the gateway is reached, who signs in, how it works and where it stands. */
import * as z from 'zod'
import { hdsActivities } from '../config.ts'
import { choice, country, day, expected, flag, group, host, line, list, networkBlock, url, wholeNumber, word } from './parts.ts'
import { rootKeys } from './root-keys.ts'
import { tracing } from './tracing.ts'

/** Defaults that rules across keys also rest on. */
export const sessionDefaults = { idleMinutes: 15, absoluteMinutes: 240 }
export const leaseSecondsDefault = 60
/** Sectors of the officine, of the mining companies' and of the mutual societies' pharmacies (nomenclature TRE_R02). */
const pharmacistSectorsDefault = ['SA33', 'SA38', 'SA39']

const signIn = group({
  issuer: url().describe('Issuer of Pro Santé Connect, exactly as its discovery document writes it, no slash at the end.'),
  clientId: word(/^[\x21-\x7e]{1,200}$/, 'the client identifier, without spaces').describe(
    'Client identifier that the agency gave to this service.',
  ),
  discoveryUrl: url()
    .optional()
    .describe('Discovery document. Default: the issuer followed by /.well-known/wallet-openid-configuration.'),
  clientAuthentication: choice(['client_secret_post'])
    .default('client_secret_post')
    .describe('How the gateway proves itself to the token endpoint.'),
  allowedEndpointHosts: list(host(), { min: 1, max: 10, of: 'hosts' })
    .optional()
    .describe("Hosts on which sign-in endpoints may lie. Default: the issuer's host and, for auth.…, its sibling wallet.…."),
  expectIssParameter: flag()
    .default(true)
    .describe('False only where the provider advertises the iss answer parameter and leaves it out.'),
  insecureAllowHttp: flag().default(false).describe('Plain http to the sign-in provider; demo and test profiles only.'),
  country: country().default('FR').describe('Country where the sign-in provider stands.'),
  pharmacistSectors: list(word(/^SA\d{2}$/, 'a sector code such as SA33'), { min: 1, max: 20, of: 'sector codes' })
    .default(pharmacistSectorsDefault)
    .describe('Sectors of activity (TRE_R02) under which a pharmacist may sign in.'),
})

const hosting = group({
  host: line(120).describe('Name of the certified host.'),
  certificateReference: line(120).describe('Reference of its HDS certificate.'),
  certificateValidUntil: day().describe('Last day on which the certificate is valid, YYYY-MM-DD.'),
  activities: list(z.literal(hdsActivities, { error: expected('the number of an HDS activity, 1 to 6') }), {
    min: 1,
    max: 6,
    of: 'HDS activities',
  }).describe('Numbers of the HDS activities that the certificate covers.'),
  country: country().describe('Country where the gateway and its two databases stand.'),
})

/** Of which size the lengths of blind indexes are planned (crypto/blind-index-plan.ts). */
export const screeningsPerPharmacyDefault = 10_000

export const gatewaySchema = group({
  publicUrl: url({ originOnly: true }).describe('Address under which browsers reach the gateway; https in production.'),
  trustedProxies: list(networkBlock(), { min: 0, max: 20, of: 'addresses' })
    .default([])
    .describe('Reverse proxies whose X-Forwarded-For is believed: addresses or blocks.'),
  securityContacts: list(
    word(/^(mailto:[^\s@]{1,64}@[^\s@]{3,190}|https:\/\/[^\s]{4,250})$/, 'mailto: and an address, or an https address'),
    {
      min: 1,
      max: 5,
      of: 'contacts',
    },
  ).describe('Where a weakness is reported: published in /.well-known/security.txt (RFC 9116).'),
  signIn: signIn.describe('Sign-in by Pro Santé Connect.'),
  sessions: group({
    idleMinutes: wholeNumber(1, 30)
      .default(sessionDefaults.idleMinutes)
      .describe('Minutes without use after which a session ends.'),
    absoluteMinutes: wholeNumber(5, 240)
      .default(sessionDefaults.absoluteMinutes)
      .describe('Minutes after which a session ends whatever happens.'),
  })
    .prefault({})
    .describe('How long people stay signed in.'),
  worker: group({
    leaseSeconds: wholeNumber(15, 600)
      .default(leaseSecondsDefault)
      .describe('Seconds for which a worker holds a declaration; at least 10 more than the slowest destination may take.'),
    batchSize: wholeNumber(1, 200).default(20).describe('Declarations claimed at once by one worker.'),
    pollSeconds: wholeNumber(1, 60).default(5).describe('Seconds between two looks at the queue when nothing wakes the worker.'),
    retryAloneMax: wholeNumber(0, 10_000)
      .default(100)
      .describe('Stopped declarations that one person may have sent again alone within a day; more need a second person.'),
  })
    .prefault({})
    .describe('How the queue is worked.'),
  rootKeys: rootKeys.prefault({ kind: 'file' }).describe('Where the root keys stand, under which all other keys are wrapped.'),
  duplicateSearch: group({
    screeningsPerPharmacy: wholeNumber(16, 100_000_000)
      .default(screeningsPerPharmacyDefault)
      .describe('Screenings that one pharmacy keeps, by order of magnitude: the lengths of blind indexes follow from it.'),
  })
    .prefault({})
    .describe('How a person who has been screened already is found again.'),
  alarms: group({
    silenceMinutes: wholeNumber(1, 1440)
      .default(15)
      .describe('Minutes without an acknowledgement, while work is due, after which a destination counts as silent.'),
    quietHours: wholeNumber(1, 24)
      .default(3)
      .describe('Hours without a capture, at a time at which a pharmacy usually captures, after which it counts as quiet.'),
    quietCapturesMin: wholeNumber(1, 1000)
      .default(5)
      .describe('Captures in the same hours, in three of the last four weeks, that make a time a usual one.'),
  })
    .prefault({})
    .describe('When silence is an alarm.'),
  tracing: tracing.optional().describe('Where traces go (OpenTelemetry); left out, there are none.'),
  formerAuditKeys: list(word(/^[^\s+]{1,250}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/, 'a public key as `audit public-key` prints it'), {
    min: 0,
    max: 20,
    of: 'public keys',
  })
    .default([])
    .describe(
      'Public keys that sealed the audit log before, oldest first: before AUDIT_KEY_FILE was renewed, or publicUrl changed.',
    ),
  hosting: hosting.optional().describe('Declaration of the certified health-data host; mandatory in production.'),
})
export type GatewayFile = z.input<typeof gatewaySchema>
