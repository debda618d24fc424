/** `ledger …`: does every capture add up, item by item; exit code 0 where it does, 1 where it does not. */
import { readFileSync, statSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { type Reconciliation, reconcile } from '../actions/reconcile.ts'
import { addMs, type Clock, systemClock } from '../base/clock.ts'
import { openDestinations } from '../destinations/open-destinations.ts'
import { isParisDay, parisDay } from '../domain/paris-time.ts'
import type { Proposal } from '../domain/reconciliation.ts'
import {
  checkLedger,
  type LedgerCheck,
  type LedgerDifference,
  type LedgerPharmacy,
  listLedgerPharmacies,
} from '../storage/check-ledger.ts'
import { type Database, openDatabase } from '../storage/database.ts'
import type { SentDeclaration } from '../storage/reconciliation.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { note, say } from './say.ts'

/** One pharmacy and a whole year of closed days, on a machine that serves others. */
const statementTimeoutMs = 120_000
/** Before this no release of the product existed. */
const beginning = '2020-01-01'

/** What `check` looks at, and by which clock. */
export type OpenedLedger = { readonly database: Pick<Database, 'forWorker'>; readonly clock: Clock; close(): Promise<unknown> }

export function ledgerCommand(open: () => OpenedLedger = openFromConfig, print: (text: string) => void = say): Command {
  const ledger = new Command('ledger').description('the equality of captures, states, receipts and charges')
  ledger
    .command('check')
    .description('check that all adds up, and name the items where it does not; exit code 1 on any difference')
    .option('--pharmacy <finess>', 'one pharmacy only')
    .option('--from <day>', 'first day, YYYY-MM-DD, Paris time; default: the first there is', day)
    .option('--to <day>', 'last day; default: today', day)
    .option('--recount', 'count closed days again from every row, and hold that against what was written when they were closed')
    .option('--json', 'one JSON object on standard output')
    .action((options: CheckOptions) => check({ open, print }, options))
  ledger
    .command('reconcile')
    .description(
      'hold what a destination holds against what we say of it, by control id; changes nothing, exit code 1 on any difference',
    )
    .requiredOption('--destination <id>', 'id of a destination of the configuration')
    .option('--day <day>', 'day of signing, YYYY-MM-DD, Paris time; default: yesterday', day)
    .option('--held-file <path>', 'control ids that they say they hold of that day, one a line, instead of asking for each')
    .option('--json', 'one JSON object on standard output')
    .action(reconcileDay)
  return ledger
}

type ReconcileOptions = { destination: string; day?: string; heldFile?: string; json?: boolean }

async function reconcileDay(options: ReconcileOptions): Promise<void> {
  const { config, secrets } = configOrMistakes()
  const settings = config.destinations.find(({ id }) => id === options.destination)
  if (!settings)
    throw new Error(`no destination has this id: expected one of ${config.destinations.map(({ id }) => id).join(', ')}`)
  const theirList = options.heldFile === undefined ? null : new Set(readHeldFile(options.heldFile))
  const destinations = openDestinations([settings], { clock: systemClock })
  const database = openDatabase(secrets.databaseUrl, { connectionsMax: 2, statementTimeoutMs })
  try {
    const lookUp = destinations.findLookUp(settings.id)
    if (theirList === null && !lookUp)
      throw new Error('this destination cannot be asked: give lookUp in destinations.yaml, or its own list with --held-file')
    const ask = async ({ controlId, digests }: SentDeclaration) =>
      (await lookUp?.ask({ controlId, digests }, new AbortController().signal))?.kind ?? 'unclear'
    const onDay = options.day ?? parisDay(addMs(systemClock.now(), -86_400_000))
    const onPage = (asked: number) => note(`${asked} compared`)
    const found = await reconcile({ database, ask }, { destination: settings.id, day: onDay, theirList, onPage })
    say(options.json ? JSON.stringify({ destination: settings.id, day: onDay, ...found }) : describeReconciliation(onDay, found))
    process.exitCode = found.discrepancies.length === 0 ? 0 : 1
  } finally {
    await database.close()
    await destinations.close()
  }
}

const heldFileBytesMax = 64 * 1024 * 1024

function readHeldFile(path: string): string[] {
  if (statSync(path).size > heldFileBytesMax) throw new Error('the list is too long: expected one day of control ids')
  const lines = readFileSync(path, 'utf8').split(/\r?\n/)
  const ids = lines.map((line) => line.trim()).filter((line) => line !== '')
  const wrong = ids.findIndex((id) => !/^[A-Z0-9]{8,20}$/.test(id))
  if (wrong >= 0)
    throw new Error(`entry ${wrong + 1} of the list is no control id: expected 8 to 20 capitals and digits, one a line`)
  return ids
}

const proposalText: Record<Proposal, string> = {
  'ask-them': 'ask them in writing, with the control id and our receipt; send nothing again before they answer',
  'mark-received': 'once you have seen it there: mark it as received by hand, on its own page',
  'send-again': 'it may be sent again: from the page of what has stopped',
  'cancel-there': 'it counts as never sent here: have them withdraw it',
  wait: 'leave it: it is on its way, and they will know it again',
  'ask-later': 'they gave no usable answer: run this again',
}

export function describeReconciliation(onDay: string, { asked, agreed, discrepancies }: Reconciliation): string {
  const lines = discrepancies.flatMap(({ controlId, ours, problem, proposal }) => [
    `${problem}: control id ${controlId}${ours ? `, screening ${ours.screeningId}, ${ours.state} here` : ''}`,
    `  ${proposalText[proposal]}`,
  ])
  return [`${onDay}: ${asked} compared, ${agreed} agree, ${discrepancies.length} differ`, ...lines].join('\n')
}

type CheckOptions = { pharmacy?: string; from?: string; to?: string; recount?: boolean; json?: boolean }

function openFromConfig(): OpenedLedger {
  const database = openDatabase(configOrMistakes().secrets.databaseUrl, { connectionsMax: 2, statementTimeoutMs })
  return { database, clock: systemClock, close: () => database.close() }
}

async function check(given: { open: () => OpenedLedger; print: (text: string) => void }, options: CheckOptions): Promise<void> {
  const { database, clock, close } = given.open()
  try {
    const known = await database.forWorker((tx) => listLedgerPharmacies(tx))
    const pharmacies = known.filter(({ finess }) => options.pharmacy === undefined || finess === options.pharmacy)
    if (options.pharmacy !== undefined && pharmacies.length === 0)
      throw new Error('no pharmacy has this FINESS number: expected one that the gateway has served')
    const checked = await checkLedger(database, {
      pharmacyIds: pharmacies.map((pharmacy) => pharmacy.id),
      from: options.from ?? beginning,
      // Tomorrow too: this machine's clock and the gateway's may disagree about midnight.
      to: options.to ?? parisDay(addMs(clock.now(), 86_400_000)),
      recount: options.recount ?? false,
      onPharmacy: (done) => {
        if (done % 100 === 0) note(`${done} of ${pharmacies.length} pharmacies`)
      },
    })
    given.print(
      options.json ? JSON.stringify(reportOf(checked)) : describeCheck(checked, new Map(pharmacies.map((one) => [one.id, one]))),
    )
    process.exitCode = checked.differences.length === 0 ? 0 : 1
  } finally {
    await close()
  }
}

/** What scripts read; ids and counts only. */
export function reportOf(checked: LedgerCheck) {
  return { ledger: checked.differences.length === 0 ? 'balanced' : 'out-of-balance', ...checked }
}

export function describeCheck(checked: LedgerCheck, pharmacies: ReadonlyMap<string, LedgerPharmacy>): string {
  const { sum, lines, differences } = checked
  const counts = `${checked.pharmacies} pharmacies, ${lines} lines: ${sum.captured} declared, ${sum.accepted} accepted, ${sum.received} received by hand, ${sum.rejected} rejected, ${sum.cancelled} cancelled, ${sum.queued + sum.inFlight} on their way, ${sum.parked} parked; ${sum.receipts} receipts, ${sum.billed} to charge, ${sum.charged} charged`
  if (differences.length === 0) return `balanced\n${counts}`
  const told = differences.flatMap((difference) => describeDifference(difference, pharmacies))
  return [`out of balance: ${differences.length} lines`, counts, ...told].join('\n')
}

function describeDifference({ line, rules, items }: LedgerDifference, pharmacies: ReadonlyMap<string, LedgerPharmacy>): string[] {
  const pharmacy = pharmacies.get(line.pharmacyId)
  const {
    captured,
    queued,
    inFlight,
    accepted,
    received,
    rejected,
    parked,
    cancelled,
    receipts,
    firstAccepted,
    firstReceipts,
    billed,
    charged,
  } = line
  return [
    `${line.day} ${pharmacy?.finess ?? line.pharmacyId} ${line.destination}: ${rules.join(', ')}`,
    `  declared ${captured} = queued ${queued} + under way ${inFlight} + accepted ${accepted} + received ${received} + rejected ${rejected} + parked ${parked} + cancelled ${cancelled}`,
    `  accepted ${accepted} = receipts ${receipts}; first sendings: accepted ${firstAccepted} = receipts ${firstReceipts}; to charge ${billed} = charged ${charged}`,
    ...items.map(
      (item) =>
        `  ${item.problem ?? 'differs'}: screening ${item.screeningId}, declaration ${item.declarationId ?? 'none'}, ${item.state ?? 'not there'}`,
    ),
    ...(items.length === 0
      ? ['  no single item differs: what was written when the day was closed does not fit (see --recount)']
      : []),
  ]
}

function day(text: string): string {
  // Date.parse reads 30 February as the first days of March.
  if (!isParisDay(text)) throw new InvalidArgumentError('expected a date that exists, as YYYY-MM-DD.')
  return text
}
