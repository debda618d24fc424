/** Takes out of installed packages what no start reads: maps, declarations, prose, and tables of exports that nobody here uses. */
import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Licences stay: they must travel with the code. */
const unread = [
  /\.map$/,
  /\.d\.[cm]?ts$/,
  /\.(test|spec)\.[cm]?[jt]s$/,
  /\.(md|markdown|flow|tsbuildinfo)$/i,
  /(^|\/)\.(package-lock\.json|github|travis\.yml|eslintrc\S*|npmignore)$/,
]
const unreadFolders = /(^|\/)(test|tests|__tests__|docs?|examples?|benchmarks?|\.github)$/
/** Node parses the table anew for each module that it loads of the package: with 447 entries that cost 200 MB and two seconds. */
const exportsMax = 100

export function trimPackages(input: { packages: string; sources: string }): { files: number; exportTables: number } {
  const used = specifiersOf(input.sources)
  let files = 0
  let exportTables = 0
  for (const entry of readdirSync(input.packages, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const inPackage = path.slice(input.packages.length)
    if (!exists(path)) continue
    if (entry.isDirectory() && unreadFolders.test(inPackage) && isPackageRoot(dirname(path))) {
      rmSync(path, { recursive: true })
      files += 1
    } else if (entry.isFile() && unread.some((pattern) => pattern.test(inPackage)) && !/licen[cs]e/i.test(entry.name)) {
      rmSync(path)
      files += 1
    } else if (entry.name === 'package.json' && trimExports(path, used)) exportTables += 1
  }
  return { files, exportTables }
}

/** Deeper down, a folder of such a name may hold code that is loaded. */
function isPackageRoot(folder: string): boolean {
  return readdirSync(folder).includes('package.json')
}

function trimExports(path: string, used: ReadonlySet<string>): boolean {
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  const names = Object.keys(manifest.exports ?? {})
  if (names.length <= exportsMax) return false
  const kept = names.filter((name) => used.has(`${manifest.name}${name.slice(1)}`))
  // Used by other packages only: what they name is theirs to know.
  if (kept.length === 0) return false
  const { name, version, type, license } = manifest
  const exports = Object.fromEntries(kept.map((one) => [one, manifest.exports[one]]))
  writeFileSync(path, JSON.stringify({ name, version, type, license, exports }))
  return true
}

/** Every package that the sources name in an import, as they name it. */
function specifiersOf(sources: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const entry of readdirSync(sources, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
    for (const match of text.matchAll(/\bfrom\s+'([^'.][^']*)'|\bimport\(\s*'([^'.][^']*)'/g))
      found.add(match[1] ?? match[2] ?? '')
  }
  return found
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
