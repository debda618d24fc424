/** The money and the ledger under faults: sampled while everything is being killed, and held against the receipts in peace. */
import { setTimeout as wait } from 'node:timers/promises'
import { drizzle } from 'drizzle-orm/postgres-js'
import type postgres from 'postgres'
import { brokenRules, type LedgerLine } from '../../src/domain/ledger.ts'
import type { Tx } from '../../src/storage/database.ts'
import { readLedger } from '../../src/storage/ledger.ts'
import type { FaultDatabase } from './database.ts'

export type LedgerFindings = { samples: number; charges: number; firstReceipts: number; readonly wrong: string[] }
export const emptyLedgerFindings = (): LedgerFindings => ({ samples: 0, charges: 0, firstReceipts: 0, wrong: [] })

const everyMs = 1_000
const wrongMax = 200
const allTime = { pharmacyId: null, from: '2020-01-01', to: '2099-12-31' }

/** One statement, and so one snapshot, whatever is being written meanwhile; past row-level security. */
function readAll(sql: postgres.Sql, options: { readonly recount: boolean }): Promise<readonly LedgerLine[]> {
  // It reads with `execute` alone, which drizzle has outside of a transaction too.
  return readLedger(drizzle(sql) as unknown as Tx, allTime, options)
}

/** Reads the whole ledger about every second until it is told to stop; each line that does not balance is a finding. */
export function startLedgerSampler(database: Pick<FaultDatabase, 'ask'>, findings: LedgerFindings): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loop = async () => {
    while (!stopping.signal.aborted) {
      note(findings, await database.ask((sql) => readAll(sql, { recount: false })), `sample ${findings.samples + 1}`)
      findings.samples += 1
      await wait(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = loop().catch((cause: unknown) => findings.wrong.push(`the ledger could not be read: ${cause}`))
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

function note(findings: LedgerFindings, lines: readonly LedgerLine[], when: string): void {
  for (const line of lines) {
    const broken = brokenRules(line)
    if (broken.length > 0 && findings.wrong.length < wrongMax)
      findings.wrong.push(`${when}: ${broken.join(', ')} ${JSON.stringify(line)}`)
  }
}

/** In peace: counted anew it balances, and there is one charge for each screening with a receipt for an original, and no other. */
export async function checkMoney(database: Pick<FaultDatabase, 'ask'>, findings: LedgerFindings): Promise<void> {
  note(findings, await database.ask((sql) => readAll(sql, { recount: true })), 'in peace')
  const rows = await database.ask(
    (sql) => sql<{ owed: string | null; charged: string | null; times: number }[]>`
      select o.screening_id as owed, c.screening_id as charged, coalesce(c.times, 0)::int as times
      from (select distinct d.screening_id from receipts r join declarations d on d.id = r.declaration_id where d.kind = 'original') o
      full join (select screening_id, count(*) as times from charges where kind = 'charge' group by screening_id) c
        on c.screening_id = o.screening_id`,
  )
  for (const { owed, charged, times } of rows) {
    if (owed === null) findings.wrong.push(`charged without a receipt: screening ${charged}`)
    else if (charged === null) findings.wrong.push(`a receipt without a charge: screening ${owed}`)
    else if (times > 1) findings.wrong.push(`charged ${times} times: screening ${owed}`)
  }
  findings.charges = rows.reduce((sum, row) => sum + row.times, 0)
  findings.firstReceipts = rows.filter((row) => row.owed !== null).length
}

export function describeMoney({ samples, charges, firstReceipts, wrong }: LedgerFindings): string {
  return `ledger: balanced in ${wrong.length === 0 ? 'each' : 'NOT each'} of ${samples} samples; charges ${charges}, screenings with a first receipt ${firstReceipts}, wrong ${wrong.length}`
}
