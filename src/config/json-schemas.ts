/** JSON Schemas of the config files, for editors: made from the schemas that the gateway itself reads by. */
import * as z from 'zod'
import { configFileNames, configSchemas } from './files.ts'

/** File name under `config/schemas/` → the schema. */
export function listJsonSchemas(): ReadonlyMap<string, object> {
  return new Map(
    configFileNames.map((name) => {
      // Draft 7 is what the YAML language server, and so most editors, understand in full.
      const { $schema, ...rest } = z.toJSONSchema(configSchemas[name], { io: 'input', target: 'draft-07' })
      return [`${name}.schema.json`, { $schema, title: `Passerelle: ${name}.yaml`, ...rest }]
    }),
  )
}
