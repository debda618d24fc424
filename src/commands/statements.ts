/** `statements …`: close a month, credit, verify, export; nothing that cannot be undone happens without --yes. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type Closed, type ClosePreview, closeMonth, previewClose, type Refusal } from '../actions/statements/close-month.ts'
import { issueCredit, previewCredit } from '../actions/statements/credit-statement.ts'
import type { StatementDeps } from '../actions/statements/deps.ts'
import { verifyStatement } from '../actions/statements/verify-statement.ts'
import { systemClock } from '../base/clock.ts'
import { generateSigningKeys, openSigner } from '../crypto/signing.ts'
import { decimalOf, isStatementNumber, type StatementDraft } from '../domain/statement.ts'
import { parisMonth, parisMonthBounds, pricesOf } from '../domain/tariff.ts'
import { fileName } from '../formats/statement/files.ts'
import { readStatementFonts } from '../formats/statement/fonts.ts'
import { openDatabase } from '../storage/database.ts'
import { ensurePharmacies } from '../storage/pharmacies.ts'
import { findFile, findSeal, statementFormats } from '../storage/statements.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { note, say } from './say.ts'

/** A month of a thousand pharmacies is one statement a hundred of them. */
const statementTimeoutMs = 300_000
const listedMax = 20

type WithDeps = (run: (deps: StatementDeps, pharmacyIdOf: (finess: string) => string) => Promise<void>) => Promise<void>
type Desk = { readonly withDeps: WithDeps; readonly print: (text: string) => void }

export function statementsCommand(run: WithDeps = withConfig, print: (text: string) => void = say): Command {
  const desk = { withDeps: run, print }
  const statements = new Command('statements').description('monthly statements, credit notes, and what proves them')
  statements
    .command('new-key')
    .description('print a new key file that signs statements, for SIGNING_KEYS_FILE (mode 0600)')
    .action(() => print(generateSigningKeys(systemClock.now(), randomBytes(3).toString('hex')).trim()))
  statements
    .command('close')
    .description('bill a month that is over: a preview, then with --yes the statements; can be cut off and run again')
    .requiredOption('--month <month>', 'YYYY-MM, Paris time', month)
    .option('--pharmacy <finess>', 'one pharmacy only')
    .option('--dry-run', 'only say what would be billed (also without --yes)')
    .option('--yes', 'issue the statements: this cannot be undone')
    .option('--json', 'one JSON object on standard output')
    .action((options) => close(desk, options))
  statements
    .command('credit')
    .description('give back from a statement, with a reason: a preview, then with --yes the credit note')
    .requiredOption('--number <number>', 'of the statement, such as PAS-2026-000012')
    .requiredOption('--line <position:count>', 'so many of that line; may be given several times', item, [])
    .requiredOption('--reason <text>', '3 to 200 characters, printed on the note; no word about any patient')
    .option('--yes', 'issue the credit note: this cannot be undone')
    .action((options) => credit(desk, options))
  statements
    .command('verify')
    .description(
      'count charges and receipts again, and check prices, sums, files and signature; exit code 1 where one fails, 2 where it is not there',
    )
    .requiredOption('--number <number>', 'of the statement or credit note')
    .option('--json', 'one JSON object on standard output')
    .action((options) => verify(desk, options))
  statements
    .command('export')
    .description('write the files of a statement, its manifest and the signature over it, into a folder')
    .requiredOption('--number <number>', 'of the statement or credit note')
    .requiredOption('--to <folder>', 'made where it is missing')
    .action((options) => exportFiles(desk, options))
  return statements
}

type CloseOptions = { month: string; pharmacy?: string; dryRun?: boolean; yes?: boolean; json?: boolean }

async function close(desk: Desk, options: CloseOptions): Promise<void> {
  await desk.withDeps(async (deps, pharmacyIdOf) => {
    const target = { month: options.month, pharmacyId: options.pharmacy === undefined ? null : pharmacyIdOf(options.pharmacy) }
    if (options.yes && !options.dryRun) {
      const closed = await closeMonth(deps, target, ({ step, done }) => note(`${done} ${step}`))
      if (!closed.ok) throw refusal(closed.problem, target.month)
      sayClosed(desk, closed.value, options)
      return
    }
    const preview = await previewClose(deps, target)
    if (!preview.ok) throw refusal(preview.problem, target.month)
    sayPreview(desk, preview.value, options)
  })
}

function refusal({ problem, blocking }: Refusal, month: string): Error {
  switch (problem) {
    case 'month-not-over':
      return new Error(`${month} is not over yet in Paris: close it from the first day of the next month on`)
    case 'no-issuer':
      return new Error('tariff.yaml names no issuer: expected the company that bills')
    case 'no-signing-key':
      return new Error('SIGNING_KEYS_FILE: missing: statements new-key makes one')
    case 'prefix-taken':
      return new Error(
        'tariff.yaml: issuer.invoicePrefix: another issuer has given numbers that begin so: choose another prefix, one that no issuer has used here',
      )
    case 'demonstration-charges':
      return new Error(
        `${month} holds charges of a demonstration, which nobody owes, of ${blocking.length} pharmacies: ${namesOf(blocking)}; bill in production from a database that no demonstration wrote to`,
      )
    case 'earlier-month-open': {
      const months = [...new Set(blocking.map((one) => one.month))].toSorted()
      return new Error(`close ${months.join(', ')} first: ${blocking.length} pharmacies have charges of then that are not billed`)
    }
  }
}

const namesOf = (blocking: Refusal['blocking']) =>
  blocking
    .slice(0, listedMax)
    .map(({ finess }) => finess)
    .join(', ')

const netOf = (drafts: readonly StatementDraft[]) => drafts.reduce((sum, draft) => sum + draft.netCents, 0)
const grossOf = (drafts: readonly StatementDraft[]) => drafts.reduce((sum, draft) => sum + draft.grossCents, 0)
const receiptsOf = (drafts: readonly StatementDraft[]) =>
  drafts.reduce((sum, draft) => sum + draft.lines.reduce((count, line) => count + line.count, 0), 0)

function sayPreview(
  desk: Desk,
  { drafts, pharmacies, notConfigured }: ClosePreview,
  { month, json, pharmacy }: CloseOptions,
): void {
  const figures = { month, pharmacies, statements: drafts.length, receipts: receiptsOf(drafts) }
  const money = { netCents: netOf(drafts), grossCents: grossOf(drafts) }
  if (json) {
    desk.print(JSON.stringify({ preview: true, ...figures, ...money, notConfigured }))
    return
  }
  for (const draft of drafts.slice(0, listedMax))
    desk.print(
      `${draft.buyer.finess}  ${String(receiptsOf([draft])).padStart(7)} receipts  ${decimalOf(draft.netCents).padStart(12)} EUR  ${draft.buyer.name}`,
    )
  if (drafts.length > listedMax) desk.print(`… and ${drafts.length - listedMax} more`)
  desk.print(
    `would issue ${drafts.length} statements for ${month}: ${figures.receipts} receipts, ${decimalOf(money.netCents)} EUR without VAT, ${decimalOf(money.grossCents)} EUR with it`,
  )
  desk.print(`${pharmacies - drafts.length - notConfigured.length} pharmacies have nothing to bill`)
  sayNotConfigured(desk, notConfigured)
  const only = pharmacy === undefined ? '' : ` --pharmacy ${pharmacy}`
  desk.print(`nothing was written; run statements close --month ${month}${only} --yes to issue them: this cannot be undone`)
}

function sayClosed(desk: Desk, { issued, empty, sealed, notConfigured, elsewhere }: Closed, { month, json }: CloseOptions): void {
  if (notConfigured.length > 0 || elsewhere > 0) process.exitCode = 1
  const [first, last] = [issued[0], issued.at(-1)]
  if (json) {
    desk.print(
      JSON.stringify({
        preview: false,
        month,
        statements: issued.length,
        sealed,
        empty,
        netCents: netOf(issued),
        grossCents: grossOf(issued),
        notConfigured,
        elsewhere,
      }),
    )
    return
  }
  desk.print(
    first && last
      ? `issued ${issued.length} statements for ${month}, ${first.number} to ${last.number}: ${decimalOf(netOf(issued))} EUR without VAT, ${decimalOf(grossOf(issued))} EUR with it`
      : `nothing was left to issue for ${month}`,
  )
  desk.print(`${sealed} sealed with their files; ${empty} pharmacies had nothing to bill`)
  sayNotConfigured(desk, notConfigured)
  if (elsewhere > 0) desk.print(`${elsewhere} pharmacies are being billed by another close; run this again when it has ended`)
}

function sayNotConfigured(desk: Desk, notConfigured: readonly string[]): void {
  if (notConfigured.length > 0)
    desk.print(
      `${notConfigured.length} pharmacies have charges and are not in pharmacies.yaml: declare them again, then close again: ${notConfigured.slice(0, listedMax).join(', ')}`,
    )
}

type CreditOptions = { number: string; line: readonly { position: number; count: number }[]; reason: string; yes?: boolean }

async function credit(desk: Desk, { number, line: items, reason, yes }: CreditOptions): Promise<void> {
  await desk.withDeps(async (deps) => {
    const request = { number, items, reason }
    if (deps.signer === null) throw new Error('SIGNING_KEYS_FILE: missing: statements new-key makes one')
    const by = { actor: { kind: 'system', name: 'command-line' }, request: null } as const
    const result = yes ? await issueCredit(deps, null, request, by) : await previewCredit(deps, null, request)
    if (!result.ok) throw new Error(`refused: ${result.problem}; nothing was written`)
    const { netCents, grossCents } = result.value
    const amount = `${decimalOf(netCents)} EUR without VAT, ${decimalOf(grossCents)} EUR with it`
    if ('number' in result.value) return desk.print(`issued credit note ${result.value.number} on ${number}: ${amount}`)
    desk.print(`would give back ${amount} on ${number}; nothing was written; run again with --yes: this cannot be undone`)
  })
}

async function verify(desk: Desk, { number, json }: { number: string; json?: boolean }): Promise<void> {
  await desk.withDeps(async (deps) => {
    const checks = await verifyStatement(deps, number)
    if (checks === null) {
      process.exitCode = 2
      return json ? desk.print(JSON.stringify({ number, found: false })) : note(`no statement ${number}`)
    }
    const holds = checks.every((one) => one.ok)
    process.exitCode = holds ? 0 : 1
    if (json) return desk.print(JSON.stringify({ number, found: true, ok: holds, checks }))
    for (const one of checks) desk.print(`${one.ok ? 'ok  ' : 'FAIL'}  ${one.name.padEnd(10)} ${one.detail}`)
    desk.print(holds ? `${number} holds` : `${number} does not hold: keep the database as it is and find out who changed what`)
  })
}

async function exportFiles(desk: Desk, { number, to }: { number: string; to: string }): Promise<void> {
  await desk.withDeps(async ({ database }) => {
    if (!isStatementNumber(number)) throw new Error('expected the number of a statement, such as PAS-2026-000012')
    const written = await database.forWorker(async (tx) => {
      const seal = await findSeal(tx, number)
      if (!seal) return null
      const parts: (readonly [string, string | Uint8Array])[] = [
        [`${number}.manifest.json`, seal.manifest],
        [`${number}.manifest.jws`, seal.signature],
      ]
      for (const format of statementFormats) {
        const bytes = await findFile(tx, { number, format })
        if (bytes) parts.push([fileName(number, format), bytes])
      }
      return parts
    })
    if (written === null) throw new Error(`no sealed statement ${number}`)
    mkdirSync(to, { recursive: true })
    for (const [name, content] of written) writeFileSync(join(to, name), content, { flag: 'wx', mode: 0o640 })
    desk.print(`wrote ${written.length} files to ${to}`)
  })
}

/** Opens what the verbs need, and no key ring: statements hold nothing of patients. */
async function withConfig(run: Parameters<WithDeps>[0]): Promise<void> {
  const { config, secrets } = configOrMistakes()
  const database = openDatabase(secrets.databaseUrl, { connectionsMax: 4, statementTimeoutMs })
  try {
    const register = await database.forNobody((tx) => ensurePharmacies(tx, config.pharmacies, systemClock.now()))
    const byId = new Map(register.map((pharmacy) => [pharmacy.id, pharmacy]))
    let fonts: ReturnType<typeof readStatementFonts> | null = null
    const deps: StatementDeps = {
      ...{ database, clock: systemClock, issuer: config.tariff.issuer, vatRateBasisPoints: config.tariff.vatRateBasisPoints },
      demonstration: config.profile !== 'production',
      pricesOf: (finess) => pricesOf(config.tariff, finess),
      findPharmacy: (id) => byId.get(id) ?? null,
      signer: secrets.signingKeysJwks === null ? null : openSigner(secrets.signingKeysJwks),
      fonts: async () => {
        fonts ??= readStatementFonts((path) => readFileSync(path))
        return fonts
      },
    }
    await run(deps, (finess) => {
      const found = register.find((pharmacy) => pharmacy.finess === finess)
      if (!found) throw new Error('pharmacies.yaml declares no pharmacy with this FINESS number')
      return found.id
    })
  } finally {
    await database.close()
  }
}

function month(text: string): string {
  try {
    parisMonthBounds(text)
    return parisMonth(parisMonthBounds(text).from)
  } catch {
    throw new InvalidArgumentError('expected YYYY-MM')
  }
}

function item(text: string, before: readonly { position: number; count: number }[]) {
  const match = /^([1-9]\d{0,3}):([1-9]\d{0,8})$/.exec(text)
  if (!match) throw new InvalidArgumentError('expected POSITION:COUNT, such as 1:12')
  return [...before, { position: Number(match[1]), count: Number(match[2]) }]
}
