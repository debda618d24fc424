/** The production-minded example with a few edits, in a directory of its own, and the environment to load it with. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConfigFileName } from '../../src/config/files.ts'

const exampleDirectory = fileURLToPath(new URL('../../config/example', import.meta.url))

/** A file's name, the text to find (exactly once) and what to put there instead. */
export type Edit = readonly [file: ConfigFileName, find: string, put: string]

/** Every secret is invented; the tests look for these texts in places where no secret may be. */
export const exampleSecrets = {
  DATABASE_URL: 'postgres://gateway:Wm4zK8vQ2tLp9xRb@data.internal:5432/passerelle\n',
  DATABASE_OWNER_URL: 'postgres://owner:Hc7nJ3sYd6fGa5uE@data.internal:5432/passerelle\n',
  KEYSTORE_DATABASE_URL: 'postgres://gateway:Vb2kT9rXe4wMq8zN@keys.internal:5432/keystore\n',
  KEYSTORE_OWNER_URL: 'postgres://owner:Ru6pC1hLs3jDy7gF@keys.internal:5432/keystore\n',
  PSC_CLIENT_SECRET: 'fT5mZ9qWk2xBv8nRj4Lp\n',
  AUDIT_KEY:
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIOnlyATestOnlyATestOnlyATestOnlyATestOnlyA=\n-----END PRIVATE KEY-----\n',
  ROOT_KEYS: '{"keys":[{"kty":"oct","kid":"root-1","k":"bm90IGEga2V5IGF0IGFsbCwgb25seSBhIHRlc3Q"}]}\n',
} as const

export type ExampleConfig = { readonly directory: string; readonly env: NodeJS.ProcessEnv }

export type ExampleChanges = {
  readonly edits?: readonly Edit[]
  /** Undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Files to write beside the config: `secrets/…` and others, by relative path; null deletes one. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>
}

/** `@/` in a value of `env` stands for the directory. */
export function withExampleConfig<T>(changes: ExampleChanges, use: (example: ExampleConfig) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'passerelle-config-'))
  try {
    cpSync(exampleDirectory, directory, { recursive: true })
    for (const [name, text] of Object.entries(exampleSecrets)) writeFileSync(join(directory, name), text)
    for (const edit of changes.edits ?? []) applyEdit(directory, edit)
    for (const [path, content] of Object.entries(changes.files ?? {})) {
      if (content === null) rmSync(join(directory, path))
      else writeFileSync(join(directory, path), content)
    }
    return use({ directory, env: environmentOf(directory, changes.env ?? {}) })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function applyEdit(directory: string, [file, find, put]: Edit): void {
  const path = join(directory, `${file}.yaml`)
  const parts = readFileSync(path, 'utf8').split(find)
  if (parts.length !== 2) throw new Error(`${file}.yaml holds ${JSON.stringify(find)} ${parts.length - 1} times, not once`)
  writeFileSync(path, parts.join(put))
}

function environmentOf(directory: string, changes: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const env: Record<string, string | undefined> = {
    PATH: '/usr/bin',
    PASSERELLE_PROFILE: 'production',
    PASSERELLE_CONFIG_DIR: directory,
    DATABASE_URL_FILE: '@/DATABASE_URL',
    KEYSTORE_DATABASE_URL_FILE: '@/KEYSTORE_DATABASE_URL',
    PSC_CLIENT_SECRET_FILE: '@/PSC_CLIENT_SECRET',
    ROOT_KEYS_FILE: '@/ROOT_KEYS',
    AUDIT_KEY_FILE: '@/AUDIT_KEY',
    ...changes,
  }
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value?.replace(/^@\//, `${directory}/`)]))
}
