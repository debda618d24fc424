/** The six files of the config directory: which there are, where they lie, and the schema of each. */
import { join, resolve } from 'node:path'
import type * as z from 'zod'
import { destinationsSchema } from './schemas/destinations.ts'
import { gatewaySchema } from './schemas/gateway.ts'
import { pharmaciesSchema } from './schemas/pharmacies.ts'
import { retentionSchema } from './schemas/retention.ts'
import { tariffSchema } from './schemas/tariff.ts'
import { testKitsSchema } from './schemas/test-kits.ts'
import { readYamlFile, type YamlFile } from './yaml-file.ts'

export const configSchemas = {
  gateway: gatewaySchema,
  pharmacies: pharmaciesSchema,
  destinations: destinationsSchema,
  'test-kits': testKitsSchema,
  tariff: tariffSchema,
  retention: retentionSchema,
} as const satisfies Record<string, z.ZodType>

export const configFileNames = ['gateway', 'pharmacies', 'destinations', 'test-kits', 'tariff', 'retention'] as const
export type ConfigFileName = (typeof configFileNames)[number]

/** `directory` is absolute: files that destinations name lie relative to it. */
export type ConfigFiles = { readonly directory: string } & Readonly<Record<ConfigFileName, YamlFile>>

/** Reads all of them, named as the directory was, for messages; a file that cannot be read is a mistake inside its `YamlFile`, never an exception. */
export function readConfigFiles(directory: string): ConfigFiles {
  const read = (name: ConfigFileName) => readYamlFile(join(directory, `${name}.yaml`))
  return {
    directory: resolve(directory),
    gateway: read('gateway'),
    pharmacies: read('pharmacies'),
    destinations: read('destinations'),
    'test-kits': read('test-kits'),
    // These have a default for all that they say: a directory made before they were known still holds.
    tariff: readYamlFile(join(directory, 'tariff.yaml'), { whenAbsent: '{}' }),
    retention: readYamlFile(join(directory, 'retention.yaml'), { whenAbsent: '{}' }),
  }
}
