/** What a fault run is told: its options, their bounds, and the words for them. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

const usage = `npm run faults -- [options]

  --kills N        processes to kill with SIGKILL: workers, gateways, PostgreSQL (default 200)
  --seed S         whole number that decides the plan of faults (default 1); the same seed, the same plan
  --seconds-max T  give up, as a failure, when the killing takes longer (default 120 + 4 a kill)
  --gap MS         mean pause between two steps of the plan (default 200)
  --workers N      workers (default 5); --gateways N gateways (default 3)
  --round N        kills after which all is healed, drained and checked (default 1000); bounds memory
  --source         run the TypeScript as it is, instead of one file made of it
  --product DIR    the tree whose src and migrations run (default: this one)
  --patience F     multiplies how long peace, answers and starts are waited for (default 1; more on a busy machine)
  --keep           keep the folder also when all is well
  --help           this text

Last line: kills N, captured X, receipts X, lost 0, doubled 0, misordered 0. Exit code 0 only where the last three are 0.
`

export type Options = {
  readonly kills: number
  readonly seed: number
  readonly secondsMax: number
  readonly gapMs: number
  readonly workers: number
  readonly gateways: number
  readonly roundKills: number
  readonly bundle: boolean
  readonly tree: string
  readonly keep: boolean
  readonly patience: number
}

/** Null where only help was asked for. */
export function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      'seconds-max': { type: 'string' },
      gap: { type: 'string', default: '200' },
      workers: { type: 'string', default: '5' },
      gateways: { type: 'string', default: '3' },
      round: { type: 'string', default: '1000' },
      source: { type: 'boolean', default: false },
      product: { type: 'string', default: resolve(import.meta.dirname, '../..') },
      keep: { type: 'boolean', default: false },
      patience: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return null
  }
  const kills = wholeNumber('--kills', values.kills, 1, 1_000_000)
  return {
    kills,
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    secondsMax: wholeNumber('--seconds-max', values['seconds-max'] ?? String(120 + kills * 4), 1, 1_000_000),
    gapMs: wholeNumber('--gap', values.gap, 1, 60_000),
    workers: wholeNumber('--workers', values.workers, 3, 16),
    gateways: wholeNumber('--gateways', values.gateways, 2, 8),
    roundKills: wholeNumber('--round', values.round, 1, 10_000),
    bundle: !values.source,
    tree: resolve(values.product),
    keep: values.keep,
    patience: wholeNumber('--patience', values.patience, 1, 100),
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Error(`${name}: expected a whole number from ${min} to ${max}`)
  return value
}
