/** Writes `config/schemas/`; after a change to a schema: `node test/config/write-json-schemas.ts && biome check --write config`. */
import { writeFileSync } from 'node:fs'
import { listJsonSchemas } from '../../src/config/json-schemas.ts'

for (const [name, schema] of listJsonSchemas())
  writeFileSync(new URL(`../../config/schemas/${name}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`)
