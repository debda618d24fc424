/** The `check-config` command: says all that is wrong, or that nothing is, without starting anything. */
import { describeConfig } from './describe.ts'
import { type LoadOptions, loadConfig } from './load-config.ts'
import { printMistakes } from './mistakes.ts'

/** Exit code 0 when the gateway would start with this configuration, 1 when it would not. `output` is text without a final newline. */
export function checkConfig(
  env: NodeJS.ProcessEnv,
  options: LoadOptions & { readonly print?: boolean },
): { readonly exitCode: 0 | 1; readonly output: string } {
  const loaded = loadConfig(env, options)
  if (!loaded.ok) {
    const count = loaded.problem.length
    return { exitCode: 1, output: `${printMistakes(loaded.problem)}\n${count} ${count === 1 ? 'mistake' : 'mistakes'}` }
  }
  const { pharmacies, destinations, testKits, profile } = loaded.value.config
  const summary = `no mistake: profile ${profile}, ${pharmacies.length} pharmacies, ${destinations.length} destinations, ${testKits.length} test kits`
  return { exitCode: 0, output: options.print ? `${describeConfig(loaded.value)}\n${summary}` : summary }
}
