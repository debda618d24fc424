/** Rules of `retention.yaml`: who keeps longer than the law's own term says why. */
import { payloadDaysUsual } from '../domain/retention.ts'
import type { Finding, SoundFiles } from './rule-parts.ts'

export function retentionRules({ retention }: SoundFiles): Finding[] {
  const payload = retention?.payload
  if (!payload) return []
  const { days } = payload
  const long = days !== undefined && days > payloadDaysUsual
  if (long && !payload.reason && !('reason' in payload && payload.reason === undefined))
    return [
      {
        file: 'retention',
        path: ['payload', 'days'],
        message: `more than ${payloadDaysUsual} days: expected reason beside it`,
      },
    ]
  if (payload.reason && days !== undefined && !long)
    return [{ file: 'retention', path: ['payload', 'reason'], message: `has no use with ${payloadDaysUsual} days or fewer` }]
  return []
}
