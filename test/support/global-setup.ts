/** Starts one PostgreSQL for the whole run and builds the two template databases that every test file clones. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { buildTemplates } from './database.ts'
import { startPostgresServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresSuperUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-test-'))
  const server = await startPostgresServer({ folder, unsafeFast: true })
  await buildTemplates(server.superUrl('postgres'))
  project.provide('postgresSuperUrl', server.superUrl('postgres'))
  return async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
