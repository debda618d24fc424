/** Bundles the product: the very modules of `src` and of their packages, in few files instead of a thousand, which start four times as fast. */
import { rolldown } from 'rolldown'

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
  const bundle = await rolldown({ input: { ...entries }, platform: 'node', external, logLevel: 'warn' })
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
