/** Schema of `destinations.yaml`: the receivers, each a format and a transport with its promises and limits. */

import * as z from 'zod'
import { type AnsOruCdaSettings, ansOruCdaDefaults } from '../../domain/ans-oru-cda-settings.ts'
import { formatNames, transportKinds } from '../../domain/destination-settings.ts'
import { findSuggestion } from '../suggest.ts'
import {
  choice,
  country,
  expected,
  filePath,
  finess,
  flag,
  group,
  hostName,
  identifier,
  line,
  list,
  networkBlock,
  url,
  wholeNumber,
  word,
} from './parts.ts'

/** Defaults that rules across keys also rest on. */
export const timeoutMsDefault = 30_000
/** Ceilings of the full-jitter backoff: 2, 4, 8 … 512, 900, 900 s; 200 attempts then last about a day (mean of the draws). */
export const retryDefaults = { baseMs: 2000, capMs: 900_000, attemptsMax: 200 }
const answerBytesDefault = 1024 * 1024

const timeoutMs = (max: number) =>
  wholeNumber(1000, max)
    .default(timeoutMsDefault)
    .describe('Milliseconds that one exchange may take, the wait for its answer included.')
const answerBytesMax = wholeNumber(1024, 16 * 1024 * 1024)
  .default(answerBytesDefault)
  .describe('Bytes of an answer that are read; a longer one counts as unreadable.')

const privateNetworks = list(networkBlock(), { min: 0, max: 20, of: 'addresses' })
  .default([])
  .describe('Private addresses or blocks in which the receiver may lie; without them its name must lead to public ones.')

const tlsFiles = {
  caFile: filePath()
    .nullable()
    .default(null)
    .describe("PEM file of the only authority trusted for this destination; without it, the system's. Relative to this file."),
  clientCertificateFile: filePath()
    .nullable()
    .default(null)
    .describe('PEM file of our client certificate, where one is asked for.'),
  clientKeyFile: filePath().nullable().default(null).describe('PEM file of the key of that certificate.'),
}

const kind = 'How messages travel: https, mllp (over TLS), sftp or folder.'
const portOf = (usual: number) => wholeNumber(1, 65_535).default(usual)
const pollMs = wholeNumber(100, 60_000).default(1000).describe('Milliseconds between two looks for the answer.')

const https = group({
  kind: z.literal('https').describe(kind),
  url: url().describe('Address to which each message is posted.'),
  timeoutMs: timeoutMs(120_000),
  answerBytesMax,
  ...tlsFiles,
  privateNetworks,
  insecureAllowPlainHttp: flag().default(false).describe('Plain http to this destination; demo and test profiles only.'),
})

const mllp = group({
  kind: z.literal('mllp').describe(kind),
  host: hostName().describe('Name or address of the receiver.'),
  port: wholeNumber(1, 65_535).describe('Its port.'),
  timeoutMs: timeoutMs(120_000),
  answerBytesMax,
  ...tlsFiles,
  privateNetworks,
})

const remoteFolder = () => word(/^(?!.*(^|\/)\.\.?(\/|$))[^\p{C}\\]{1,200}$/u, 'a folder of the server, without . and .. in it')

const sftp = group({
  kind: z.literal('sftp').describe(kind),
  host: hostName().describe('Name or address of the receiver.'),
  port: portOf(22).describe('Its port.'),
  user: word(/^[\x21-\x7e]{1,100}$/, 'a user name, without spaces').describe('User under which we sign in there.'),
  hostKeys: list(word(/^SHA256:[A-Za-z0-9+/]{43}$/, 'a fingerprint such as SHA256:… that ssh-keygen -l prints'), {
    min: 1,
    max: 10,
    of: 'fingerprints',
  }).describe('Fingerprints of the host keys that are trusted; any other server is refused.'),
  privateKeyFile: filePath()
    .nullable()
    .default(null)
    .describe('File of the private key (OpenSSH or PEM form, no passphrase) with which we sign in.'),
  passwordFile: filePath().nullable().default(null).describe('File that holds the password, where no key is accepted.'),
  outbox: remoteFolder().describe('Folder into which messages are put.'),
  answers: remoteFolder().describe('Folder in which their answers appear; another one than the outbox.'),
  pollMs,
  timeoutMs: timeoutMs(590_000),
  answerBytesMax,
  privateNetworks,
})

const mountedFolder = () => word(/^\/[^\p{C}]{1,400}$/u, 'the absolute path of a folder')

const folder = group({
  kind: z.literal('folder').describe(kind),
  outbox: mountedFolder().describe('Folder into which messages are put.'),
  answers: mountedFolder().describe('Folder in which their answers appear; another one than the outbox.'),
  pollMs,
  timeoutMs: timeoutMs(590_000),
  answerBytesMax,
})

const transport = z.discriminatedUnion('kind', [https, mllp, sftp, folder], { error: kindMistake })

/** The choice of the kind is told like any other word; what is no group at all, like any other group. */
function kindMistake(issue: { readonly input?: unknown }): string {
  const { input } = issue
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return expected('a group of keys')(issue)
  const found = 'kind' in input ? input.kind : undefined
  const message = expected(`one of ${transportKinds.join(', ')}`, 'text')({ input: found })
  const near = typeof found === 'string' ? findSuggestion(found, transportKinds) : null
  return near === null ? message : `${message}; did you mean ${near}?`
}

const retry = group({
  baseMs: wholeNumber(100, 60_000)
    .default(retryDefaults.baseMs)
    .describe('Milliseconds: ceiling of the first delay; it doubles.'),
  capMs: wholeNumber(1000, 3_600_000).default(retryDefaults.capMs).describe('Milliseconds: the highest ceiling.'),
  attemptsMax: wholeNumber(1, 1000)
    .default(retryDefaults.attemptsMax)
    .describe('Attempts after which a declaration is parked for a person to decide.'),
})

/** With these, ten failures in a row pause a destination for 15, 30, 60 … 300 s, with one try after each pause. */
export const breakerDefaults = { failuresMax: 10, holdMs: 15_000, holdCapMs: 300_000 }
/** A whole region's pharmacies send a few a second at their peak hour; after an outage the pace climbs for five minutes. */
export const paceDefaults = { perSecondMax: 100, rampFromPerSecond: 2, rampMs: 300_000 }

const breaker = group({
  failuresMax: wholeNumber(1, 1000)
    .default(breakerDefaults.failuresMax)
    .describe('Failures one after another, with no answer between, that pause the destination.'),
  holdMs: wholeNumber(1000, 600_000)
    .default(breakerDefaults.holdMs)
    .describe('Milliseconds of the first pause; it doubles with each try in vain.'),
  holdCapMs: wholeNumber(1000, 3_600_000).default(breakerDefaults.holdCapMs).describe('Milliseconds: the longest pause.'),
})

const pace = group({
  perSecondMax: wholeNumber(1, 10_000).default(paceDefaults.perSecondMax).describe('Declarations a second, over all workers.'),
  rampFromPerSecond: wholeNumber(1, 10_000)
    .default(paceDefaults.rampFromPerSecond)
    .describe('Declarations a second with which a destination that came back begins.'),
  rampMs: wholeNumber(0, 3_600_000).default(paceDefaults.rampMs).describe('Milliseconds over which that climbs to perSecondMax.'),
})

const ansOruCda = group({
  sendingApplication: line(60)
    .default(ansOruCdaDefaults.sendingApplication)
    .describe('MSH-3: our name, as the platform knows it.'),
  sendingFacility: line(60).nullable().default(null).describe("MSH-4; without it, the pharmacy's national number."),
  receivingApplication: line(60).default(ansOruCdaDefaults.receivingApplication).describe("MSH-5: the platform's application."),
  receivingFacility: line(60).default(ansOruCdaDefaults.receivingFacility).describe("MSH-6: the platform's establishment."),
  charset: choice(['UNICODE UTF-8', '8859/15']).default('UNICODE UTF-8').describe('MSH-18.'),
  publishToDmp: flag()
    .default(false)
    .describe("Ask for the document in the patient's record; done only for a qualified identity."),
  mailToPatient: flag().default(false).describe("Ask for secure mail to the patient's mailbox; only for a qualified identity."),
  patientMayReply: flag().default(false).describe('Whether the patient can answer that mail.'),
  replyTo: word(/^[^\s@]{1,64}@[^\s@]{3,190}$/, 'a secure mail address')
    .nullable()
    .default(null)
    .describe('Secure mail address for answers.'),
  hiddenFromProfessionals: flag().default(false).describe('Hide the document from other professionals.'),
  hiddenFromPatient: flag().default(false).describe('Hide the document from the patient until it has been announced.'),
  hiddenFromGuardians: flag().default(false).describe("Hide the document from the patient's legal guardians."),
  secretConnection: flag().default(false).describe('File it under a secret connection.'),
  acknowledgeReception: flag().default(false).describe('Ask for a notice of reception.'),
  acknowledgeReading: flag().default(false).describe('Ask for a notice of reading.'),
}).transform((read): AnsOruCdaSettings => ({ ...ansOruCdaDefaults, ...read }))

export const destinationsSchema = group({
  destinations: list(
    group({
      id: identifier().describe('Identifier, kept with every declaration: never change it.'),
      label: line(80).describe('What pages call it.'),
      format: choice(formatNames).describe('Format of the messages. sidep-oru is an assumed profile, never published.'),
      ansOruCda: ansOruCda
        .optional()
        .describe('For the format ans-oru-cda: names of the platform, and who gets or must not see the document.'),
      transport: transport.describe('How messages travel and what bounds an exchange.'),
      country: country().optional().describe('Country where the receiver stands; mandatory in production, within the EEA.'),
      deduplicates: choice(['control-id', 'none'])
        .default('none')
        .describe('What the receiver promises about a message that it gets twice.'),
      lookUp: group({
        path: word(/^\/(?:[A-Za-z0-9._~-]+\/)*$/, 'an absolute path that ends with a slash').describe(
          'Path on the host of the transport; the control id is added to it.',
        ),
        timeoutMs: wholeNumber(1000, 30_000).default(5000).describe('Milliseconds that one question may take.'),
        askAfterMs: wholeNumber(0, 600_000)
          .default(10_000)
          .describe('Milliseconds after a try that ended unseen before it is asked about.'),
      })
        .optional()
        .describe('Where the destination can be asked whether it holds a message; asked before any is sent again.'),
      concurrencyMax: wholeNumber(1, 64).default(8).describe('Exchanges under way at once, over all workers.'),
      retry: retry.prefault({}).describe('When a failed attempt is tried again.'),
      breaker: breaker.prefault({}).describe('When sending pauses because the destination does not answer.'),
      pace: pace.prefault({}).describe('How fast declarations may leave.'),
      pharmacies: z
        .union([z.literal('all'), list(finess(), { min: 1, max: 5000, of: 'FINESS numbers' })], {
          error: expected('the word all, or a list of FINESS numbers'),
        })
        .describe('Pharmacies whose screenings go there: all, or their FINESS numbers.'),
      billed: flag().describe('Whether a receipt from there is metered.'),
      test: flag().default(false).describe('A receiver for trials: never metered, refused in production.'),
    }),
    { min: 1, max: 20, of: 'destinations' },
  ).describe('The destinations, in the order in which pages list them.'),
})
export type DestinationsFile = z.input<typeof destinationsSchema>
