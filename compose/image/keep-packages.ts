/** Leaves of the installed packages what the bundle does not hold: the kept ones with what they need, and of the others name and licence. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** What no start reads. */
const unread = [
  /\.map$/,
  /\.d\.[cm]?ts$/,
  /\.(test|spec)\.[cm]?[jt]s$/,
  /\.(md|markdown|flow|tsbuildinfo)$/i,
  /(^|\/)\.(package-lock\.json|github|travis\.yml|eslintrc\S*|npmignore)$/,
]
const unreadFolders = /(^|\/)(test|tests|__tests__|docs?|examples?|benchmarks?|\.\w+)$/
/** They must travel with the code, in a bundle too. */
const licence = /^(licen[cs]e|copying|notice|copyright|ofl)/i
const packagesMax = 2_000

type Manifest = { readonly dependencies?: Readonly<Record<string, string>> }

/** Names which packages the bundle holds through what it leaves: scanners read `package.json`. */
export function keepPackages(input: { readonly app: string; readonly kept: readonly string[] }): {
  whole: number
  named: number
} {
  const root = join(input.app, 'node_modules')
  const whole = withTheirNeeds(root, input.kept)
  const all = listPackages(root)
  for (const folder of all) {
    if (whole.has(folder)) removeUnread(folder)
    else keepNameAndLicence(folder)
  }
  rmSync(join(root, '.bin'), { recursive: true, force: true })
  rmSync(join(root, '.package-lock.json'), { force: true })
  return { whole: whole.size, named: all.length - whole.size }
}

/** Folders of the packages and of everything that they depend on. */
function withTheirNeeds(root: string, names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  const waiting = names.map((name) => ({ name, from: dirname(root) }))
  for (let next = waiting.pop(); next !== undefined && found.size < packagesMax; next = waiting.pop()) {
    const folder = resolvePackage(next.name, next.from)
    if (folder === null) throw new Error(`${next.name} is not installed, and ${next.from} needs it`)
    if (found.has(folder)) continue
    found.add(folder)
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    waiting.push(...Object.keys(dependencies).map((name) => ({ name, from: folder })))
  }
  return found
}

/** As Node looks for it: beside the one that asks, then further up. */
function resolvePackage(name: string, from: string): string | null {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return found
  }
  return null
}

function listPackages(root: string): readonly string[] {
  if (!existsSync(root)) return []
  const names = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  return names.flatMap(({ name }) => {
    const folder = join(root, name)
    if (name.startsWith('@')) return listPackages(folder)
    return [folder, ...listPackages(join(folder, 'node_modules'))]
  })
}

function keepNameAndLicence(folder: string): void {
  for (const { name } of readdirSync(folder, { withFileTypes: true })) {
    if (name === 'package.json' || name === 'node_modules' || (licence.test(name) && !/\.[cm]?js$/.test(name))) continue
    rmSync(join(folder, name), { recursive: true })
  }
}

function removeUnread(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const inPackage = path.slice(folder.length)
    if (inPackage.startsWith('/node_modules/') || !existsSync(path)) continue
    const unreadFolder = entry.isDirectory() && unreadFolders.test(inPackage) && entry.parentPath === folder
    if (unreadFolder) rmSync(path, { recursive: true })
    else if (entry.isFile() && unread.some((pattern) => pattern.test(inPackage)) && !licence.test(basename(path))) rmSync(path)
  }
}
