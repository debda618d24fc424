/** Fault run: root and tenant keys rotate over and over, killed every two seconds, while captures and openings never stop or fail. */
import { type ChildProcess, spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { openRootKeys } from '../../src/crypto/root-jwks.ts'
import { addRootKey, promoteRootKey, type RootChange, retireRootKey } from '../../src/crypto/root-rotation.ts'
import { createKeyStoreAdmin } from '../../src/storage/keystore-admin.ts'
import { countUnderOldKeys, type KeysWorld, openKeysWorld } from '../bench/keys-world.ts'
import { type KeysLoad, startLoad } from './keys-load.ts'

export type KillPlan = {
  readonly kills: number
  /** Between two kills; and none before the rotation has made a step, so that no life of it was in vain. */
  readonly killEveryMs: number
  /** So that a short plan leaves kills for both kinds of rotation. */
  readonly killsPerRotationMax?: number
  /** Blocks a second; without, as fast as it goes. */
  readonly pace?: number
  readonly pharmacies: number
  readonly recordKeys: number
  /** Of a running server; without, one of its own is started. */
  readonly superUrl?: string
}
export type KillReport = {
  readonly kills: number
  /** Kills after which the key store stood half under old keys, half under new ones. */
  readonly killsInTheMiddle: number
  readonly tenantRotations: number
  readonly rootRotations: number
  readonly captures: number
  readonly openings: number
  /** What the first failures said; none is the promise. */
  readonly failures: readonly string[]
  /** Counted by SQL at the end of every rotation, and summed. */
  readonly rowsLeftUnderOldKeys: number
}

/** A root key call, as long as a key service takes: so that the rewrap of tenant keys has a middle, too. */
const rootMs = 30
const batchRows = 100
const livesMax = 1000

/** Throws where a rotation does not end, or refuses what it should do. */
export async function rotateUnderKills(plan: KillPlan): Promise<KillReport> {
  const world = await openKeysWorld({ pharmacies: plan.pharmacies, superUrl: plan.superUrl })
  try {
    await world.addRecordKeys(plan.recordKeys)
    const load = startLoad(world, world.jwks)
    const struck = createKiller(plan)
    let jwks = world.jwks
    let [tenantRotations, rootRotations, left] = [0, 0, 0]
    // Both kinds at least once, and one to its end after the last kill.
    while (struck.kills < plan.kills || rootRotations === 0) {
      await runToEnd(world, { jwks, steps: 'rotate,rewrap,destroy' }, struck)
      left += await countUnderOldKeys(world)
      tenantRotations++
      const promoted = await promote(load, jwks)
      await runToEnd(world, { jwks: promoted.text, steps: 'rewrap' }, struck)
      left += await countUnderOtherRoots(world, promoted.kid)
      jwks = await retire(world, load, promoted)
      rootRotations++
    }
    await load.stop()
    return {
      kills: struck.kills,
      killsInTheMiddle: struck.inTheMiddle,
      tenantRotations,
      rootRotations,
      captures: load.tally.captured,
      openings: load.tally.opened,
      failures: load.tally.failed,
      rowsLeftUnderOldKeys: left,
    }
  } finally {
    await world.close()
  }
}

type Promoted = { readonly text: string; readonly kid: string; readonly oldKid: string }

/** As the operator's steps say it: every replica can open what the new key wraps before anything wraps with it. */
async function promote(load: KeysLoad, jwks: string): Promise<Promoted> {
  const added = done(addRootKey(jwks, new Date()))
  await load.giveFile(added.text)
  const { text } = done(promoteRootKey(added.text, added.kid))
  await load.giveFile(text)
  return { text, kid: added.kid, oldKid: await primaryKidOf(jwks) }
}

function primaryKidOf(jwks: string): Promise<string> {
  return openRootKeys(jwks).primaryKid()
}

async function retire(world: KeysWorld, load: KeysLoad, { text, oldKid }: Promoted): Promise<string> {
  const { text: last } = done(await retireRootKey({ admin: createKeyStoreAdmin(world.store.sql) }, { text, kid: oldKid }))
  await load.giveFile(last)
  return last
}

function done(change: RootChange): { readonly text: string; readonly kid: string } {
  if (!change.ok) throw new Error(`the root key file was not changed: ${change.problem.code}`)
  return change.value
}

type Killer = {
  readonly killsMax: number
  readonly killsPerRotationMax: number
  readonly killEveryMs: number
  readonly pace: number | null
  kills: number
  inTheMiddle: number
  struckAt: number
}

function createKiller({ kills, killEveryMs, killsPerRotationMax = kills, pace }: KillPlan): Killer {
  return {
    killsMax: kills,
    killsPerRotationMax,
    killEveryMs,
    pace: pace ?? null,
    kills: 0,
    inTheMiddle: 0,
    struckAt: performance.now(),
  }
}

type Run = { readonly jwks: string; readonly steps: string }

/** Runs the same command again until it ended by itself; after the last kill it is left in peace. */
async function runToEnd(world: KeysWorld, run: Run, killer: Killer): Promise<void> {
  for (let lives = 0; lives < livesMax; lives++) {
    const child = start(world, run, killer.pace)
    const mayKill = killer.kills < killer.killsMax && lives < killer.killsPerRotationMax
    const cut = mayKill ? killWhenDue(child, killer) : null
    const { code, signal } = await endOf(child)
    cut?.()
    if (code === 0) return
    if (signal !== 'SIGKILL') throw new Error(`the rotation ended with ${code}`)
    killer.kills++
    killer.struckAt = performance.now()
    const underOld = (await countUnderOldKeys(world)) + (await countUnderOtherRoots(world, await primaryKidOf(run.jwks)))
    if (underOld > 0) killer.inTheMiddle++
  }
  throw new Error(`a rotation did not end in ${livesMax} lives`)
}

/** Gives what calls it off. */
function killWhenDue(child: ChildProcess, { struckAt, killEveryMs }: Killer): () => void {
  let stepped = false
  let due = false
  const strike = () => {
    if (stepped && due) child.kill('SIGKILL')
  }
  child.once('message', () => {
    stepped = true
    strike()
  })
  const timer = setTimeout(
    () => {
      due = true
      strike()
    },
    Math.max(0, struckAt + killEveryMs - performance.now()),
  )
  return () => clearTimeout(timer)
}

function start(world: KeysWorld, { jwks, steps }: Run, pace: number | null): ChildProcess {
  const script = new URL('./keys-child.ts', import.meta.url).pathname
  const env = {
    ...process.env,
    KEYS_URL: world.keystoreUrl,
    KEYS_JWKS: jwks,
    KEYS_STEPS: steps,
    KEYS_BATCH: String(batchRows),
    ...(pace === null ? {} : { KEYS_PACE: String(pace) }),
    KEYS_ROOT_MS: String(rootMs),
  }
  return spawn(process.execPath, [script], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

function endOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((ended) => child.once('close', (code, signal) => ended({ code, signal })))
}

async function countUnderOtherRoots(world: KeysWorld, kid: string): Promise<number> {
  const [row] = await world.store.sql<{ rows: number }[]>`select count(*)::int as rows from tenant_keys where root_kid <> ${kid}`
  return row?.rows ?? -1
}

const usage = `node test/faults/keys-rotation.ts [options]

  --kills N   kills -9 of the rotation, one every two seconds (default 10)
  --help      this text

Exit code 0 only where no read or write failed and no row was left under an old key.
`

if (import.meta.main) {
  const { values } = parseArgs({
    options: { kills: { type: 'string', default: '10' }, help: { type: 'boolean', default: false } },
  })
  if (values.help) console.log(usage)
  else {
    const report = await rotateUnderKills({
      kills: Number(values.kills),
      killEveryMs: 2000,
      pace: 600,
      pharmacies: 100,
      recordKeys: 40_000,
    })
    console.log(JSON.stringify({ ...report, failures: report.failures.length, first: report.failures.slice(0, 3) }, null, 2))
    if (report.failures.length > 0 || report.rowsLeftUnderOldKeys > 0) process.exitCode = 1
  }
}
