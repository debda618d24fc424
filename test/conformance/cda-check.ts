/** Runs the agency's schema and rules over documents, through the cda-check tool: many documents a process, few processes. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Why the check cannot run at all, in words for whoever started it. */
export class CannotCheck extends Error {
  override readonly name = 'CannotCheck'
}

export type Verdict = {
  readonly file: string
  readonly valid: boolean
  readonly failedRules: number
  readonly details: readonly string[]
}

const batchSize = 40
const processesMax = 2
const batchTimeoutMs = 300_000
const outputBytesMax = 16_777_216

export type Check = (files: readonly string[]) => Promise<Verdict[]>

/**
 * Makes ready to check with the schema and rules under `referenceDir` (`xsd/`, `schematron/`): throws `CannotCheck` at
 * once where something is missing. The check gives one verdict a file, in the order given.
 */
export function openCheck(options: { readonly referenceDir: string; readonly toolDir: string }): Check {
  const schema = join(options.referenceDir, 'xsd', 'CDA_extended.xsd')
  const rules = join(options.referenceDir, 'schematron', 'CI-SIS_BIO-TROD_2024.01.sch')
  for (const path of [schema, rules, join(options.toolDir, 'check.mjs')])
    if (!existsSync(path)) throw new CannotCheck(`${path} is not there`)
  if (spawnSync('xmllint', ['--version']).error)
    throw new CannotCheck('xmllint is not installed; on Debian: apt-get install -y libxml2-utils')
  const script = join(installedTool(resolve(options.toolDir)), 'check.mjs')
  return (files) => checkInBatches(files, [script, '--xsd', schema, '--sch', rules])
}

async function checkInBatches(files: readonly string[], command: readonly string[]): Promise<Verdict[]> {
  const batches: (readonly string[])[] = []
  for (let from = 0; from < files.length; from += batchSize) batches.push(files.slice(from, from + batchSize))
  const verdicts: Verdict[][] = batches.map(() => [])
  let next = 0
  const work = async () => {
    for (let batch = next++; batch < batches.length; batch = next++) {
      const checked = batches[batch] ?? []
      const output = await run([...command, ...checked])
      verdicts[batch] = checked.map((file) => verdictOf(file, output))
    }
  }
  await Promise.all(Array.from({ length: Math.min(processesMax, batches.length) }, work))
  return verdicts.flat()
}

/** The tool's own folder where its packages are installed; else a copy beside the temporary files, installed once. */
function installedTool(toolDir: string): string {
  if (existsSync(join(toolDir, 'node_modules', 'slimdom'))) return toolDir
  const lock = readFileSync(join(toolDir, 'package-lock.json'))
  const version = createHash('sha256')
    .update(lock)
    .update(readFileSync(join(toolDir, 'check.mjs')))
    .digest('hex')
    .slice(0, 16)
  const copy = join(tmpdir(), `passerelle-cda-check-${version}`)
  if (existsSync(join(copy, 'node_modules', 'slimdom'))) return copy
  const fresh = `${copy}-${process.pid}`
  mkdirSync(fresh, { recursive: true })
  for (const file of readdirSync(toolDir)) cpSync(join(toolDir, file), join(fresh, file))
  const installed = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: fresh, encoding: 'utf8' })
  if (installed.status !== 0) throw new CannotCheck(`npm ci of cda-check failed: ${installed.stderr.trim().slice(-500)}`)
  try {
    renameSync(fresh, copy)
  } catch {
    // Another run was first; its copy is as good.
    rmSync(fresh, { recursive: true, force: true })
  }
  return copy
}

function run(command: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const options = { timeout: batchTimeoutMs, maxBuffer: outputBytesMax, encoding: 'utf8' as const }
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      // 1: a document failed; anything else is the tool's own trouble.
      if (error && error.code !== 1) failed(new CannotCheck(`cda-check: ${stderr.trim() || error.message}`))
      else done(stdout)
    })
  })
}

/** Both lines of a file must be there: a verdict that the tool did not give is no verdict. */
function verdictOf(file: string, output: string): Verdict {
  const lines = output.split('\n')
  const details: string[] = []
  let valid = false
  let failedRules: number | null = null
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    if (!line.startsWith(`${file}: `)) continue
    if (line.endsWith(': XSD valid')) valid = true
    const rules = /: \S+\.sch (\d+) rules fired, (\d+) failed$/.exec(line)
    if (rules) failedRules = rules[1] === '0' ? 1 : Number(rules[2])
    for (let detail = i + 1; (lines[detail] ?? '').startsWith('  '); detail++) details.push((lines[detail] ?? '').trim())
  }
  if (failedRules === null) throw new CannotCheck(`cda-check said nothing of ${file}`)
  return { file, valid, failedRules, details }
}
