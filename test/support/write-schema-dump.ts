/** Renews `migrations/schema.sql` and `migrations/keystore/schema.sql`: run it after adding a migration, and read the difference. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildTemplates, connect, migrationFolders } from './database.ts'
import { startPostgresServer } from './postgres-server.ts'
import { dumpSchema } from './schema-dump.ts'

const folder = mkdtempSync(join(tmpdir(), 'passerelle-schema-'))
const server = await startPostgresServer({ folder, unsafeFast: true })
try {
  await buildTemplates(server.superUrl('postgres'))
  for (const [database, migrations] of [
    ['passerelle_template', migrationFolders.main],
    ['keystore_template', migrationFolders.keystore],
  ] as const) {
    const sql = connect(server.superUrl(database))
    const file = join(migrations, 'schema.sql')
    writeFileSync(file, await dumpSchema(sql))
    await sql.end()
    process.stdout.write(`${file}\n`)
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
