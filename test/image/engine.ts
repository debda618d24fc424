/** A Docker engine and base images for the image's test: what the machine has, or what CONTAINER_TOOLS_DIR brings. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export type Engine = {
  /** Arguments before a compose command: `docker compose`, or the older `docker-compose`. */
  readonly compose: readonly [string, ...string[]]
  /** The older one knows no `name:` at the top of a file. */
  readonly olderCompose: boolean
  readonly images: { readonly node: string; readonly postgres: string; readonly caddy: string }
  /** What of it is a stand-in made on this machine, for the report. */
  readonly standIns: readonly string[]
  /** Ends the engine where it was started here. */
  close(): void
}

const root = resolve(import.meta.dirname, '../..')
const nodeBinary = join(root, 'node_modules/node/bin/node')
const images = { node: 'node:26.10.0-trixie-slim', postgres: 'postgres:17-trixie', caddy: 'caddy:2' }

/** Null, with the reason, where neither an engine nor the tools are at hand. */
export function openEngine(toolsFolder: string | undefined): Engine | { readonly missing: string } {
  const tools = toolsFolder && existsSync(join(toolsFolder, 'engine.sh')) ? toolsFolder : null
  const ranBefore = answers()
  if (!ranBefore) {
    if (!tools) return { missing: 'no Docker engine answers, and CONTAINER_TOOLS_DIR names no folder with engine.sh' }
    run('bash', [join(tools, 'engine.sh')], { timeoutMs: 300_000 })
  }
  const standIns: string[] = []
  const made = (tag: string, make: () => void) => {
    if (has(tag)) return
    // With a registry at hand the real one is taken.
    if (spawnSync('docker', ['pull', '--quiet', tag], { timeout: 120_000 }).status === 0) return
    make()
    standIns.push(tag)
  }
  const stand = (kind: string, tag: string, ...rest: string[]) => {
    if (!tools) throw new Error(`${tag} cannot be pulled, and CONTAINER_TOOLS_DIR names no base-images.sh`)
    run('bash', [join(tools, 'base-images.sh'), kind, tag, ...rest], { timeoutMs: 400_000 })
  }
  made(images.node, () => stand('node', images.node, nodeBinary))
  made(images.postgres, () => stand('postgres', images.postgres))
  made(images.caddy, buildCaddy)
  const compose = findCompose()
  return {
    compose,
    olderCompose: compose.length === 1,
    images,
    standIns: [...new Set([...standIns, ...Object.values(images).filter(isStandIn)])],
    close: () => (ranBefore ? undefined : stopEngine()),
  }
}

/** Debian's package on the root file system that the stand-ins share. */
function buildCaddy(): void {
  if (!has('local/trixie-rootfs')) return
  const lines = [
    'FROM local/trixie-rootfs',
    'LABEL passerelle.stand-in=1',
    'RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends caddy >/dev/null && rm -rf /var/lib/apt/lists/*',
    'CMD ["caddy"]',
  ]
  spawnSync('docker', ['build', '--quiet', '--tag', images.caddy, '-'], { input: lines.join('\n'), timeout: 200_000 })
}

export function has(tag: string): boolean {
  return spawnSync('docker', ['image', 'inspect', tag]).status === 0
}

function isStandIn(tag: string): boolean {
  // The official images carry digests of their registry; what was made here carries none.
  return has(tag) && docker('image', 'inspect', '--format', '{{len .RepoDigests}}', tag).trim() === '0'
}

function answers(): boolean {
  return spawnSync('docker', ['info'], { timeout: 20_000 }).status === 0
}

function findCompose(): Engine['compose'] {
  if (spawnSync('docker', ['compose', 'version']).status === 0) return ['docker', 'compose']
  if (spawnSync('docker-compose', ['version']).status === 0) return ['docker-compose']
  throw new Error('neither `docker compose` nor `docker-compose` is here')
}

function stopEngine(): void {
  const pidFile = '/var/run/docker.pid'
  if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM')
}

export function docker(...args: readonly string[]): string {
  return run('docker', args).stdout
}

export type RunOptions = {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly timeoutMs?: number
  readonly input?: string
}

/** Runs to the end and throws with what the command said where it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): SpawnSyncReturns<string> {
  const { env, cwd, input, timeoutMs = 180_000 } = options
  const ran = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: 64 * 1024 * 1024,
    ...(env && { env: { ...process.env, ...env } }),
    ...(cwd && { cwd }),
    ...(input !== undefined && { input }),
  })
  if (ran.status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} ended with ${ran.status ?? ran.error}: ${`${ran.stdout}${ran.stderr}`.slice(-3000)}`,
    )
  return ran
}
