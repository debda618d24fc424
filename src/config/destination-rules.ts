/** Rules of `destinations.yaml`: what must agree within a destination, with the pharmacies and with the worker. */
import { isEeaCountry } from './eea.ts'
import { finessOf } from './list-rules.ts'
import {
  demoRefused,
  type Finding,
  isDemoName,
  listRepeats,
  notEea,
  type RuleContext,
  reachRules,
  type SoundFiles,
} from './rule-parts.ts'
import { breakerDefaults, type DestinationsFile, retryDefaults, timeoutMsDefault } from './schemas/destinations.ts'
import { leaseSecondsDefault } from './schemas/gateway.ts'
import type { Sound } from './validate-file.ts'

/** Between the longest exchange and the end of the lease there must be time to settle. */
const settleMarginMs = 10_000

type Destination = NonNullable<NonNullable<Sound<DestinationsFile>['destinations']>[number]>
type Find = (path: readonly PropertyKey[], message: string) => void

export function destinationRules(files: SoundFiles, context: RuleContext): Finding[] {
  const findings: Finding[] = []
  const destinations = files.destinations?.destinations ?? []
  const findIn =
    (index: number): Find =>
    (path, message) =>
      findings.push({ file: 'destinations', path: ['destinations', index, ...path], message })
  for (const index of listRepeats(destinations.map((destination) => destination?.id)))
    findIn(index)(['id'], 'another destination of the list has this id')
  destinations.forEach((destination, index) => {
    if (destination === undefined) return
    const find = findIn(index)
    transportRules(destination, context, find)
    limitRules(destination, files, find)
    ansOruCdaRules(destination, find)
    referenceRules(destination, files, find)
    if (destination.billed && destination.test) find(['billed'], 'a destination for trials is never metered: expected false')
    lookUpRules(destination, files, find)
    if (context.profile === 'production') productionRules(destination, find)
  })
  return findings
}

function ansOruCdaRules({ format, ansOruCda }: Destination, find: Find): void {
  if (ansOruCda === undefined) return
  if (format !== undefined && format !== 'ans-oru-cda')
    find(['ansOruCda'], 'only a destination of format ans-oru-cda has this key')
  if (ansOruCda.mailToPatient && ansOruCda.hiddenFromPatient)
    find(['ansOruCda', 'mailToPatient'], 'what is hidden from the patient is not mailed to them: expected false')
}

function transportRules({ transport, format }: Destination, context: RuleContext, find: Find): void {
  const at = (key: string, message: string) => find(['transport', key], message)
  switch (transport?.kind) {
    case 'https': {
      const plain = transport.url?.startsWith('http:') ?? false
      if (plain && !transport.insecureAllowPlainHttp) at('url', 'plain http: expected https')
      reachRules(URL.parse(transport.url ?? '')?.hostname, transport.privateNetworks, (message) => at('url', message))
      tlsFileRules(transport, context, { at, plain })
      return
    }
    case 'mllp':
      reachRules(transport.host, transport.privateNetworks, (message) => at('host', message))
      if (format === 'bio-trod')
        at('kind', 'mllp carries HL7 v2 messages alone, and bio-trod is none: expected https, sftp or folder')
      tlsFileRules(transport, context, { at, plain: false })
      return
    case 'sftp':
      reachRules(transport.host, transport.privateNetworks, (message) => at('host', message))
      signInRules(transport, context, at)
      folderRules(transport, at)
      return
    case 'folder':
      folderRules(transport, at)
      return
  }
}

type Transport = NonNullable<Destination['transport']>
type OfKind<Kind extends string> = Extract<Transport, { readonly kind?: Kind | undefined }>
type At = (key: string, message: string) => void

function tlsFileRules(
  transport: OfKind<'https'> | OfKind<'mllp'>,
  context: RuleContext,
  { at, plain }: { at: At; plain: boolean },
): void {
  const absent = (key: 'clientCertificateFile' | 'clientKeyFile') => !(key in transport) || transport[key] === null
  if (transport.clientCertificateFile && absent('clientKeyFile')) at('clientCertificateFile', 'expected clientKeyFile beside it')
  if (transport.clientKeyFile && absent('clientCertificateFile')) at('clientKeyFile', 'expected clientCertificateFile beside it')
  for (const key of ['caFile', 'clientCertificateFile', 'clientKeyFile'] as const) {
    const path = transport[key]
    if (!path) continue
    const problem = plain ? 'has no use with plain http' : context.findFileProblem(path)
    if (problem !== null) at(key, problem)
  }
}

function signInRules(transport: OfKind<'sftp'>, context: RuleContext, at: At): void {
  const { privateKeyFile, passwordFile } = transport
  const given = (key: 'privateKeyFile' | 'passwordFile') => key in transport && transport[key] !== null
  if (!given('privateKeyFile') && !given('passwordFile')) at('user', 'expected privateKeyFile or passwordFile beside it')
  if (given('privateKeyFile') && given('passwordFile')) at('passwordFile', 'expected one of privateKeyFile and passwordFile')
  const keyProblem = privateKeyFile ? context.findFileProblem(privateKeyFile) : null
  if (keyProblem !== null) at('privateKeyFile', keyProblem)
  const passwordProblem = passwordFile ? context.findSecretProblem(passwordFile) : null
  if (passwordProblem !== null) at('passwordFile', passwordProblem)
  for (const index of listRepeats(transport.hostKeys ?? []))
    at('hostKeys', `holds the same fingerprint twice, at place ${index + 1}`)
}

function folderRules(
  { outbox, answers }: { readonly outbox?: string | undefined; readonly answers?: string | undefined },
  at: At,
): void {
  const plain = (path: string) => path.replace(/\/+$/, '')
  if (outbox !== undefined && answers !== undefined && plain(outbox) === plain(answers))
    at('answers', 'expected another folder than the outbox')
}

function limitRules({ transport, retry, breaker }: Destination, { gateway }: SoundFiles, find: Find): void {
  const { baseMs = retryDefaults.baseMs, capMs = retryDefaults.capMs } = retry ?? {}
  if (baseMs > capMs) find(['retry', 'baseMs'], `expected at most capMs, which is ${capMs}`)
  const { holdMs = breakerDefaults.holdMs, holdCapMs = breakerDefaults.holdCapMs } = breaker ?? {}
  if (holdMs > holdCapMs) find(['breaker', 'holdMs'], `expected at most holdCapMs, which is ${holdCapMs}`)
  // A lease that ends during an exchange turns a good answer into a doubtful one.
  const leaseMs = (gateway?.worker?.leaseSeconds ?? leaseSecondsDefault) * 1000
  const timeoutMs = transport?.timeoutMs ?? timeoutMsDefault
  if (gateway !== null && timeoutMs + settleMarginMs > leaseMs)
    find(
      ['transport', 'timeoutMs'],
      `expected at most ${leaseMs - settleMarginMs}, ten seconds less than worker.leaseSeconds of gateway.yaml`,
    )
}

function referenceRules({ pharmacies }: Destination, files: SoundFiles, find: Find): void {
  if (typeof pharmacies !== 'object') return
  const numbers = pharmacies.map(finessOf)
  for (const index of listRepeats(numbers)) find(['pharmacies', index], 'is listed twice')
  const declared = files.pharmacies?.pharmacies
  if (declared === undefined) return
  const known = new Set(declared.map((pharmacy) => finessOf(pharmacy?.finess)))
  // While one number of that file is itself mistaken, it may be the one that is meant here.
  if (known.has(undefined)) return
  numbers.forEach((finess, index) => {
    if (finess !== undefined && !known.has(finess))
      find(['pharmacies', index], 'pharmacies.yaml declares no pharmacy with this FINESS number')
  })
}

function lookUpRules({ lookUp, transport, deduplicates }: Destination, { gateway }: SoundFiles, find: Find): void {
  if (lookUp === undefined) return
  if (transport?.kind !== undefined && transport.kind !== 'https') find(['lookUp'], 'only a transport of kind https can be asked')
  if (deduplicates === 'control-id') find(['lookUp'], 'has no use where deduplicates is control-id')
  // The question and the exchange share one lease.
  const leaseMs = (gateway?.worker?.leaseSeconds ?? leaseSecondsDefault) * 1000
  const exchangeMs = (transport?.timeoutMs ?? timeoutMsDefault) + (lookUp.timeoutMs ?? 5000)
  if (gateway !== null && exchangeMs + settleMarginMs > leaseMs)
    find(['lookUp', 'timeoutMs'], 'with transport.timeoutMs, expected ten seconds less than worker.leaseSeconds of gateway.yaml')
}

function productionRules(destination: Destination, find: Find): void {
  const { country } = destination
  if (destination.transport?.kind === 'https' && destination.transport.insecureAllowPlainHttp)
    find(['transport', 'insecureAllowPlainHttp'], 'is refused in production')
  // Patients of a production gateway are real people.
  if (destination.test) find(['test'], 'a receiver for trials is refused in production')
  if (country === undefined && !('country' in destination))
    find(['country'], 'missing: production needs the country where the receiver stands')
  if (country !== undefined && !isEeaCountry(country)) find(['country'], notEea)
  if (isDemoName(destination.id ?? '')) find(['id'], demoRefused)
  if (isDemoName(destination.label ?? '')) find(['label'], demoRefused)
}
