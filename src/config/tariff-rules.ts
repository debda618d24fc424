/** Rules of `tariff.yaml`: every day has one price, pharmacies are known, and the issuer's numbers hold. */
import { luhnValid } from '../domain/luhn.ts'
import { dayAfter } from '../domain/tariff.ts'
import { finessOf } from './list-rules.ts'
import { demoRefused, type Finding, isDemoName, listRepeats, type RuleContext, type SoundFiles } from './rule-parts.ts'
import type { TariffFile } from './schemas/tariff.ts'
import type { Sound } from './validate-file.ts'

type Find = (path: readonly PropertyKey[], message: string) => void
type Periods = NonNullable<Sound<TariffFile>['tariffs']>

export function tariffRules(files: SoundFiles, context: RuleContext): Finding[] {
  const { tariff } = files
  if (tariff === null) return []
  const findings: Finding[] = []
  const find: Find = (path, message) => findings.push({ file: 'tariff', path, message })
  if (tariff.tariffs !== undefined) {
    periodRules(tariff.tariffs, ['tariffs'], find)
    endRules(tariff.tariffs, find)
  }
  pharmacyRules(tariff, files, find)
  issuerRules(tariff, files, context, find)
  return findings
}

/** One after another: no day without a price between the first and the last, and none with two. */
function periodRules(periods: Periods, path: readonly PropertyKey[], find: Find): void {
  for (const index of listRepeats(periods.map((period) => period?.id)))
    find([...path, index, 'id'], 'another tariff of the list has this id')
  periods.forEach((period, index) => {
    const { from, to } = period ?? {}
    if (from && to && to < from) find([...path, index, 'to'], `expected the day of from, which is ${from}, or a later one`)
    const before = periods[index - 1]
    if (index === 0 || before === undefined || period === undefined) return
    // A day that its schema refused is reported there, and judged no further.
    if (('to' in before && before.to === undefined) || ('from' in period && from === undefined)) return
    const at = [...path, index, ...('from' in period ? ['from'] : [])]
    if (!before.to) find(at, 'overlaps: the tariff before it has no last day (to)')
    else if (!from) find(at, `overlaps: expected from, the day after ${before.to}`)
    else if (from <= before.to) find(at, `overlaps: the tariff before it is in force until ${before.to}`)
    else if (from !== dayAfter(before.to)) find(at, `leaves a gap: no price from ${dayAfter(before.to)} on`)
  })
}

/** The default is what is left when nothing else holds: it has no end on either side. */
function endRules(periods: Periods, find: Find): void {
  const last = periods.length - 1
  if (periods[0]?.from)
    find(['tariffs', 0, 'from'], 'leaves a gap: the first default tariff is in force since ever, without from')
  if (periods[last]?.to)
    find(['tariffs', last, 'to'], 'leaves a gap: the last default tariff is in force until further notice, without to')
}

function pharmacyRules({ pharmacies = [] }: Sound<TariffFile>, files: SoundFiles, find: Find): void {
  const numbers = pharmacies.map((pharmacy) => finessOf(pharmacy?.finess))
  for (const index of listRepeats(numbers))
    find(['pharmacies', index, 'finess'], 'another entry of the list has this FINESS number')
  const known = new Set(files.pharmacies?.pharmacies?.map((pharmacy) => finessOf(pharmacy?.finess)))
  const judged = files.pharmacies?.pharmacies !== undefined && !known.has(undefined)
  pharmacies.forEach((pharmacy, index) => {
    const finess = numbers[index]
    if (judged && finess !== undefined && !known.has(finess))
      find(['pharmacies', index, 'finess'], 'pharmacies.yaml declares no pharmacy with this FINESS number')
    if (pharmacy?.tariffs !== undefined) periodRules(pharmacy.tariffs, ['pharmacies', index, 'tariffs'], find)
  })
}

function issuerRules(tariff: Sound<TariffFile>, files: SoundFiles, context: RuleContext, find: Find): void {
  const { issuer } = tariff
  const bills = files.destinations?.destinations?.some((destination) => destination?.billed) ?? false
  if (issuer === undefined) {
    if (context.profile === 'production' && bills && !('issuer' in tariff))
      find(['issuer'], 'missing: production needs to know who issues the statements of what is billed')
    return
  }
  const at = (key: string, message: string) => find(['issuer', key], message)
  if (issuer.siren && !luhnValid(issuer.siren)) at('siren', 'is not a SIREN number: its last digit (the Luhn key) does not agree')
  else if (issuer.siren && issuer.vatNumber && !issuer.vatNumber.endsWith(issuer.siren))
    at('vatNumber', 'expected the SIREN number at its end')
  if (issuer.iban && !ibanHolds(issuer.iban))
    at('iban', 'is not an IBAN: its key (the two digits after the country) does not agree')
  if (context.profile === 'production' && isDemoName(issuer.name ?? '')) at('name', demoRefused)
}

/** ISO 13616: country and key moved to the end, letters as 10 to 35, the number leaves 1 when divided by 97. */
function ibanHolds(iban: string): boolean {
  const digits = [...iban.slice(4), ...iban.slice(0, 4)].map((char) => Number.parseInt(char, 36)).join('')
  return BigInt(digits) % 97n === 1n
}
