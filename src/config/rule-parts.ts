/** What rules across keys and files are given, what they report, and the phrases that they share. */
import { addressSet, isSpecialAddress } from '../base/address-blocks.ts'
import type { Profile } from '../domain/profile.ts'
import type { ConfigFileName } from './files.ts'
import type { DestinationsFile } from './schemas/destinations.ts'
import type { GatewayFile } from './schemas/gateway.ts'
import type { PharmaciesFile } from './schemas/pharmacies.ts'
import type { RetentionFile } from './schemas/retention.ts'
import type { TariffFile } from './schemas/tariff.ts'
import type { TestKitsFile } from './schemas/test-kits.ts'
import type { Sound } from './validate-file.ts'

/** Null where the file could not be read at all: rules that need it then keep silent. */
export type SoundFiles = {
  readonly gateway: Sound<GatewayFile> | null
  readonly pharmacies: Sound<PharmaciesFile> | null
  readonly destinations: Sound<DestinationsFile> | null
  readonly 'test-kits': Sound<TestKitsFile> | null
  readonly tariff: Sound<TariffFile> | null
  readonly retention: Sound<RetentionFile> | null
}

export type RuleContext = {
  /** Null where it is itself mistaken: rules of a profile then keep silent. */
  readonly profile: Profile | null
  readonly now: Date
  /** Why the file of this path (relative to the config directory) cannot be used; null where it can. */
  readonly findFileProblem: (path: string) => string | null
  /** The same for a file that holds a secret on one line. */
  readonly findSecretProblem: (path: string) => string | null
}

export type Finding = { readonly file: ConfigFileName; readonly path: readonly PropertyKey[]; readonly message: string }

export const notEea = 'health data must stay in the European Economic Area: expected one of its countries'
export const demoRefused = 'names something of the demonstration: refused in production'

/** `demo`, `demo-…`, `Démonstration …`: what the demonstration calls its own. */
export function isDemoName(name: string): boolean {
  return /^d[ée]mo(nstration)?(?![a-z])/i.test(name.normalize('NFC'))
}

/** Where each value that stands in the list before stands again. */
export function listRepeats(values: readonly (string | number | undefined)[]): number[] {
  return values.flatMap((value, index) => (value !== undefined && values.indexOf(value) < index ? [index] : []))
}

/** An address written as such can be judged now; a name is when it is resolved, each time. */
export function reachRules(
  host: string | undefined,
  networks: readonly (string | undefined)[] | undefined,
  tell: (message: string) => void,
): void {
  const address = host?.replace(/^\[(.*)\]$/, '$1') ?? ''
  if (!isSpecialAddress(address)) return
  const declared = (networks ?? []).filter((network) => network !== undefined)
  if (!addressSet(declared)(address)) tell('is an address of a private network: expected its network among privateNetworks')
}
