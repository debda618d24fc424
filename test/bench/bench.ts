/** `npm run bench`: every figure as a ratio within one run, against a ceiling or a named peer; machines are noisy, ratios less so. */
import { parseArgs } from 'node:util'
import type { Bench, BenchResult } from './bench-result.ts'
import { benches as formatBenches } from './formats.ts'
import { benches as keyBenches } from './keys.ts'
import { benches as ledgerBenches } from './ledger.ts'
import { benches as monthCloseBenches } from './month-close.ts'
import { benches as peerBenches } from './peers.ts'
import { benches as queueBenches } from './queue.ts'

export type { Bench, BenchResult } from './bench-result.ts'

const usage = `npm run bench -- [options]

  --only NAME   one bench (may be given several times)
  --size N      forwarding benches at N times their size, for a quick look: 0.1
  --json        print one JSON line last: {"results":[{"name","value","unit","ratio","against"}]}
  --list        name the benches
  --help        this text

Benches of money write a world of their own, throw it away, and are asked for more by the environment:
  BENCH_PHARMACIES=1000 BENCH_DAYS=400   the size that the promise speaks of: thirty million charges, some twenty minutes to write
  BENCH_LEDGER_WORLD=FOLDER              keep the world there, and find it there the next time; migrated to today's schema
`
const benches: readonly Bench[] = [
  ...formatBenches,
  ...keyBenches,
  ...ledgerBenches,
  ...monthCloseBenches,
  ...queueBenches,
  ...peerBenches,
]

const { values } = parseArgs({
  options: {
    size: { type: 'string' },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) console.log(usage)
else if (values.list) for (const { name } of benches) console.log(name)
else await runAll(values.only ?? benches.map(({ name }) => name))

async function runAll(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !benches.some((bench) => bench.name === name))
  if (unknown.length > 0) {
    console.error(`no such bench: ${unknown.join(', ')}; there are ${benches.map(({ name }) => name).join(', ')}`)
    process.exitCode = 2
    return
  }
  const results: BenchResult[] = []
  for (const bench of benches.filter(({ name }) => names.includes(name))) {
    console.error(`${bench.name}…`)
    for (const result of (await bench.run()).results) {
      results.push(result)
      const ratio = result.ratio === undefined ? '' : `${result.ratio.toFixed(2)} × ${result.against ?? ''}`
      console.log(
        `${result.name.padEnd(64)} ${String(Math.round(result.value * 100) / 100).padStart(12)} ${result.unit.padEnd(8)} ${ratio}`,
      )
    }
  }
  if (values.json) console.log(JSON.stringify({ results }))
}
