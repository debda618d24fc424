/** Rules of the groups in `pharmacies.yaml`: known pharmacies, people whose number holds, and no more than a person can look over. */
import { administeredMax } from '../domain/pharmacy-group.ts'
import { parseRpps, rppsKeyHolds } from '../domain/rpps.ts'
import { finessOf } from './list-rules.ts'
import { demoRefused, type Finding, isDemoName, listRepeats, type RuleContext, type SoundFiles } from './rule-parts.ts'

export function groupRules(files: SoundFiles, context: RuleContext): Finding[] {
  const findings: Finding[] = []
  const groups = files.pharmacies?.groups ?? []
  const known = new Set(files.pharmacies?.pharmacies?.map((pharmacy) => finessOf(pharmacy?.finess)))
  // A number that its schema refused is reported there; which pharmacies there are is not known then.
  const judged = files.pharmacies?.pharmacies !== undefined && !known.has(undefined)
  const find = (index: number, path: readonly PropertyKey[], message: string) =>
    findings.push({ file: 'pharmacies', path: ['groups', index, ...path], message })
  const administered = new Map<string, Set<string>>()
  groups.forEach((group, index) => {
    const { name, pharmacies, admins = [] } = group ?? {}
    if (context.profile === 'production' && isDemoName(name ?? '')) find(index, ['name'], demoRefused)
    const listed = typeof pharmacies === 'object' ? pharmacies.map(finessOf) : []
    for (const at of listRepeats(listed)) find(index, ['pharmacies', at], 'is listed twice')
    listed.forEach((finess, at) => {
      if (judged && finess !== undefined && !known.has(finess)) find(index, ['pharmacies', at], 'is no pharmacy of the list')
    })
    const numbers = admins.map(rppsOf)
    for (const at of listRepeats(numbers)) find(index, ['admins', at], 'is listed twice')
    const theirs = (pharmacies === 'all' ? [...known] : listed).filter((finess) => finess !== undefined)
    numbers.forEach((rpps, at) => {
      if (rpps === undefined) return
      // One wrong digit would give the group's money to somebody else.
      if (context.profile === 'production' && !rppsKeyHolds(rpps))
        find(index, ['admins', at], 'is not an RPPS number: its last digit (the Luhn key) does not agree with the others')
      const all = new Set([...(administered.get(rpps) ?? []), ...theirs])
      administered.set(rpps, all)
      if (all.size > administeredMax)
        find(
          index,
          ['admins', at],
          `would administer more than ${administeredMax} pharmacies: divide the group between several people`,
        )
    })
  })
  return findings
}

function rppsOf(text: string | undefined) {
  const parsed = parseRpps(text ?? '')
  return parsed.ok ? parsed.value : undefined
}
