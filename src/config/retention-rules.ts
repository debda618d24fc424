/** Rules of `retention.yaml`: who keeps longer than the usual term says why. */
import { auditDaysUsual, payloadDaysUsual } from '../domain/retention.ts'
import type { Finding, SoundFiles } from './rule-parts.ts'

const usualDays = { payload: payloadDaysUsual, audit: auditDaysUsual } as const

export function retentionRules({ retention }: SoundFiles): Finding[] {
  return Object.entries(usualDays).flatMap(([name, usual]) => reasonRules(name as keyof typeof usualDays, usual, retention))
}

function reasonRules(name: keyof typeof usualDays, usual: number, retention: SoundFiles['retention']): Finding[] {
  const term = retention?.[name]
  if (!term) return []
  const { days } = term
  const long = days !== undefined && days > usual
  if (long && !term.reason && !('reason' in term && term.reason === undefined))
    return [{ file: 'retention', path: [name, 'days'], message: `more than ${usual} days: expected reason beside it` }]
  if (term.reason && days !== undefined && !long)
    return [{ file: 'retention', path: [name, 'reason'], message: `has no use with ${usual} days or fewer` }]
  return []
}
