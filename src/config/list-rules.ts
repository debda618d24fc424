/** Rules of the pharmacies and of the catalogue of test kits: nothing twice, nobody forgotten. */
import { type Finess, parseFiness } from '../domain/finess.ts'
import { demoRefused, type Finding, isDemoName, listRepeats, type RuleContext, type SoundFiles } from './rule-parts.ts'

export function pharmacyRules(files: SoundFiles, context: RuleContext): Finding[] {
  const findings: Finding[] = []
  const pharmacies = files.pharmacies?.pharmacies ?? []
  const find = (index: number, key: string, message: string) =>
    findings.push({ file: 'pharmacies', path: ['pharmacies', index, key], message })
  for (const index of listRepeats(pharmacies.map((pharmacy) => finessOf(pharmacy?.finess))))
    find(index, 'finess', 'another pharmacy of the list has this FINESS number')
  const served = servedPharmacies(files)
  pharmacies.forEach((pharmacy, index) => {
    const finess = finessOf(pharmacy?.finess)
    if (finess !== undefined && served !== 'all' && !served.has(finess))
      find(index, 'finess', 'no destination serves this pharmacy: its captures would go nowhere')
    if (context.profile === 'production' && isDemoName(pharmacy?.name ?? '')) find(index, 'name', demoRefused)
  })
  return findings
}

/** `all` too where the destinations are not known well enough to say that somebody is forgotten. */
function servedPharmacies(files: SoundFiles): 'all' | ReadonlySet<Finess | undefined> {
  const destinations = files.destinations?.destinations
  if (destinations === undefined) return 'all'
  const lists = destinations.map((destination) => destination?.pharmacies)
  if (lists.some((list) => typeof list !== 'object')) return 'all'
  const served = new Set(lists.flatMap((list) => (typeof list === 'object' ? list.map(finessOf) : [])))
  return served.has(undefined) ? 'all' : served
}

export function testKitRules(files: SoundFiles, context: RuleContext): Finding[] {
  const findings: Finding[] = []
  const kits = files['test-kits']?.testKits ?? []
  const find = (path: readonly PropertyKey[], message: string) =>
    findings.push({ file: 'test-kits', path: ['testKits', ...path], message })
  for (const index of listRepeats(kits.map((kit) => kit?.id))) find([index, 'id'], 'another test kit of the list has this id')
  // One box answers to one entry, else a scan cannot choose.
  const devices = kits.map((kit) => (kit?.udi ? `${kit.udi.issuer} ${kit.udi.deviceIdentifier}` : undefined))
  for (const index of listRepeats(devices)) find([index, 'udi'], 'another test kit of the list has this device identifier')
  kits.forEach((kit, index) => {
    for (const repeat of listRepeats(kit?.analytes ?? [])) find([index, 'analytes', repeat], 'is listed twice')
    if (context.profile === 'production' && isDemoName(kit?.id ?? '')) find([index, 'id'], demoRefused)
  })
  return findings
}

/** The number as it is compared; undefined where it is not one, which its schema reports. */
export function finessOf(text: string | undefined): Finess | undefined {
  const parsed = parseFiness(text ?? '')
  return parsed.ok ? parsed.value : undefined
}
