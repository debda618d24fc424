/** Bundles the product: the very modules of `src` and of their packages, in few files instead of a thousand, which start four times as fast. */
import http from 'node:http'
import https from 'node:https'
import { type Plugin, rolldown } from 'rolldown'

/** Packages that look for files beside themselves, or for a compiled part that need not be there: these stay packages. */
export const keptPackages = ['ssh2', 'pdfkit', '@expo-google-fonts/source-sans-3'] as const
const external = [/\.node$/, 'cpu-features', ...keptPackages.map((name) => new RegExp(`^${name}(/|$)`))]

export type BundleInput = {
  /** Name of the file to be made → source that it begins with. */
  readonly entries: Readonly<Record<string, string>>
  /** Two folders below the one that holds `migrations` and `config`, as the sources that look for them lie. */
  readonly folder: string
}

/**
 * Nothing is renamed or shortened, so that a reviewer can compare, and no source map is made. What is loaded by name
 * (`import()`) becomes a file of its own: a gateway that serves reads nothing of the commands.
 */
export async function bundleProduct({ entries, folder }: BundleInput): Promise<void> {
  const bundle = await rolldown({ input: { ...entries }, platform: 'node', external, logLevel: 'warn', plugins: [plainBuiltins] })
  try {
    await bundle.write({
      dir: folder,
      format: 'esm',
      sourcemap: false,
      minify: false,
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
    })
  } finally {
    await bundle.close()
  }
}

const builtins: Readonly<Record<string, object>> = { 'node:http': http, 'node:https': https }
/** Names of Node's own HTTP client for browsers' words: reading one of them loads it whole. */
const costlyNames = ['WebSocket', 'CloseEvent', 'MessageEvent']
const plainPrefix = '\0plain:'

/**
 * `import … from 'node:http'` makes Node read each name that the module exports, and the one of its WebSocket loads a whole
 * HTTP client: a sixth of a start. The same module, asked for as a value, reads all but that. Who imports one of the costly
 * names stops the making of the bundle.
 */
const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  resolveId(source, _importer, { kind }) {
    const name = source.startsWith('node:') ? source : `node:${source}`
    return kind === 'import-statement' && Object.hasOwn(builtins, name) ? `${plainPrefix}${name}` : null
  },
  load(id) {
    if (!id.startsWith(plainPrefix)) return null
    const name = id.slice(plainPrefix.length)
    const names = Object.keys(builtins[name] ?? {}).filter((key) => !costlyNames.includes(key))
    return `const found = process.getBuiltinModule('${name}')\nexport default found\nexport const { ${names.join(', ')} } = found\n`
  },
}
