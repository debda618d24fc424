/** The configuration of this process, judged by every room's own readers, or a refusal that lists every mistake. */
import { systemClock } from '../base/clock.ts'
import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/load-config.ts'
import { parseCheckpointKey } from '../crypto/checkpoint.ts'
import { parseRootKeys } from '../crypto/root-jwks.ts'
import { parseSigningKeys } from '../crypto/signing.ts'
import { configRefused } from './say.ts'

/** What the config room may not import: the crypto room's own readers. */
export function loadOptions(): LoadOptions {
  return { now: systemClock.now(), parseRootKeys, parseAuditKey: parseCheckpointKey, parseSigningKeys }
}

/** Throws with one line a mistake. */
export function configOrMistakes(env: NodeJS.ProcessEnv = process.env): LoadedConfig {
  const loaded = loadConfig(env, loadOptions())
  if (!loaded.ok) throw configRefused(loaded.problem)
  return loaded.value
}
