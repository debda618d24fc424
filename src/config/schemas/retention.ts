/** Schema of `retention.yaml`: how long what the gateway holds stays. */
import type * as z from 'zod'
import { auditDaysMin, auditDaysUsual, payloadDaysUsual } from '../../domain/retention.ts'
import { group, line, wholeNumber } from './parts.ts'

export const retentionSchema = group({
  payload: group({
    days: wholeNumber(1, 3650)
      .default(payloadDaysUsual)
      .describe('Days for which patient and act stay after every declaration of the screening has ended.'),
    reason: line(300).nullable().default(null).describe('Why longer than 90 days: mandatory then, and printed in reports.'),
  })
    .prefault({})
    .describe('What is said of patients: the sealed columns, under whose keys nothing is readable afterwards.'),
  audit: group({
    days: wholeNumber(auditDaysMin, 3650)
      .default(auditDaysUsual)
      .describe('Days for which the events of the audit log stay; then whole sealed segments leave, and their hashes stay.'),
    reason: line(300).nullable().default(null).describe('Why longer than 365 days: mandatory then, and printed in reports.'),
  })
    .prefault({})
    .describe('Who saw and did what: six to twelve months (CNIL, deliberation 2021-122).'),
  idempotencyKeysDays: wholeNumber(1, 365).default(7).describe('Days for which the same form, sent twice, is recognised.'),
  sessionsDays: wholeNumber(1, 365).default(30).describe('Days for which the row of an ended session stays.'),
})
export type RetentionFile = z.input<typeof retentionSchema>
