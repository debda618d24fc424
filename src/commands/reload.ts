/** Replaces what runs by what the changed configuration asks for, on SIGHUP: all of it, or nothing at all. */
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Events } from '../telemetry/events.ts'
import { configOrMistakes } from './config-or-mistakes.ts'
import { explain, note } from './say.ts'

export type Running = { readonly events: Events; close(): Promise<void> }

export type Current<Part extends Running> = {
  readonly part: Part
  /** Closes what runs now, once a reload that is under way has ended. */
  close(): Promise<void>
}

export type ReloadSteps<Part extends Running> = {
  /** Opens everything anew from the configuration; a rejection leaves what runs as it is. */
  open(loaded: LoadedConfig): Promise<Part>
  /** Lets what ran before end its work; then it is closed. Must settle within a bound. */
  retire(old: Part): Promise<void>
}

/**
 * Opens the first part and, at each SIGHUP, a new one beside it, which takes over only once it stands: new connections, new
 * keys, new rules, with the old ones serving until then. What a running process cannot change is refused with its name.
 */
export async function keepCurrent<Part extends Running>(loaded: LoadedConfig, steps: ReloadSteps<Part>): Promise<Current<Part>> {
  let config = loaded.config
  let part = await steps.open(loaded)
  sayLoaded(part.events, config)
  let asked = 0
  let reloading: Promise<void> = Promise.resolve()

  async function reload(): Promise<void> {
    try {
      const next = configOrMistakes()
      ensureReloadable(config, next.config)
      const opened = await steps.open(next)
      const old = part
      part = opened
      config = next.config
      sayLoaded(part.events, config)
      await steps.retire(old)
      await old.close()
    } catch (cause) {
      note(`the configuration stays as it was: ${explain(cause)}`)
      part.events.configRefused({ error: cause })
    }
  }
  const onHangUp = () => {
    // One under way and one more see every change that there is to see.
    if (asked >= 2) return
    asked += 1
    reloading = reloading.then(reload).finally(() => {
      asked -= 1
    })
  }
  process.on('SIGHUP', onHangUp)
  return {
    get part() {
      return part
    },
    close: async () => {
      process.off('SIGHUP', onHangUp)
      await reloading
      await part.close()
    },
  }
}

/** Ports are bound and the profile is what everything else was judged by: these need a restart. */
function ensureReloadable(now: Config, next: Config): void {
  const fixed = [
    ['PASSERELLE_PROFILE', now.profile, next.profile],
    ['HOST', now.listen.host, next.listen.host],
    ['PORT', now.listen.port, next.listen.port],
    ['MANAGEMENT_PORT', now.listen.managementPort, next.listen.managementPort],
  ] as const
  for (const [name, was, is] of fixed) if (was !== is) throw new Error(`${name} cannot change while the process runs: restart it`)
}

function sayLoaded(events: Events, { pharmacies, destinations, testKits }: Config): void {
  events.configLoaded({ pharmacies: pharmacies.length, destinations: destinations.length, testKits: testKits.length })
}
