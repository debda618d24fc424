/** Schema of `destinations.yaml`: the receivers, each a format and a transport with its promises and limits. */

import * as z from 'zod'
import { type AnsOruCdaSettings, ansOruCdaDefaults } from '../../domain/ans-oru-cda-settings.ts'
import { formatNames } from '../../domain/destination-settings.ts'
import {
  choice,
  country,
  expected,
  filePath,
  finess,
  flag,
  group,
  identifier,
  line,
  list,
  url,
  wholeNumber,
  word,
} from './parts.ts'

/** Defaults that rules across keys also rest on. */
export const timeoutMsDefault = 30_000
/** Ceilings of the full-jitter backoff: 2, 4, 8 … 512, 900, 900 s; 200 attempts then last about a day (mean of the draws). */
export const retryDefaults = { baseMs: 2000, capMs: 900_000, attemptsMax: 200 }
const answerBytesDefault = 1024 * 1024

const transport = group({
  kind: choice(['https']).describe('How messages travel.'),
  url: url().describe('Address to which each message is posted.'),
  timeoutMs: wholeNumber(1000, 120_000).default(timeoutMsDefault).describe('Milliseconds that one exchange may take.'),
  answerBytesMax: wholeNumber(1024, 16 * 1024 * 1024)
    .default(answerBytesDefault)
    .describe('Bytes of an answer that are read; a longer one counts as unreadable.'),
  caFile: filePath()
    .nullable()
    .default(null)
    .describe("PEM file of the only authority trusted for this destination; without it, the system's. Relative to this file."),
  clientCertificateFile: filePath()
    .nullable()
    .default(null)
    .describe('PEM file of our client certificate, where one is asked for.'),
  clientKeyFile: filePath().nullable().default(null).describe('PEM file of the key of that certificate.'),
  insecureAllowPlainHttp: flag().default(false).describe('Plain http to this destination; demo and test profiles only.'),
})

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
