/** Broken `retention.yaml`: each row is a small edit of the example. */
import type { BrokenConfig } from './broken-config.ts'

export const brokenRetentions: readonly BrokenConfig[] = [
  {
    title: 'patients kept for a year, and nobody says why',
    edits: [['retention', '  days: 90', '  days: 365']],
    mistakes: ['retention.yaml:6:9  payload.days: more than 90 days: expected reason beside it'],
  },
  {
    title: 'a reason to keep longer that keeps no longer',
    edits: [['retention', '  days: 90', '  days: 90\n  reason: étude clinique']],
    mistakes: ['retention.yaml:7:11  payload.reason: has no use with 90 days or fewer'],
  },
  {
    title: 'payload that leaves at once',
    edits: [['retention', '  days: 90', '  days: 0']],
    mistakes: ['retention.yaml:6:9  payload.days: expected a whole number from 1 to 3650, found 0'],
  },
  {
    title: 'a retention in words',
    edits: [['retention', 'sessionsDays: 30', 'sessionsDays: always']],
    mistakes: ['retention.yaml:13:15  sessionsDays: expected a whole number from 1 to 365, found text'],
  },
  {
    title: 'a retention of something that nobody keeps',
    edits: [['retention', 'sessionsDays', 'sessionDays']],
    mistakes: ['retention.yaml:13:1  sessionDays: unknown key: did you mean sessionsDays?'],
  },
  {
    title: 'traces that leave before the least that the authority asks for',
    edits: [['retention', '  days: 365', '  days: 179']],
    mistakes: ['retention.yaml:10:9  audit.days: expected a whole number from 180 to 3650, found 179'],
  },
  {
    title: 'traces kept for two years, and nobody says why',
    edits: [['retention', '  days: 365', '  days: 730']],
    mistakes: ['retention.yaml:10:9  audit.days: more than 365 days: expected reason beside it'],
  },
]
