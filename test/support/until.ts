/** Waits on a condition, bounded: the tests' only way of waiting. */
import { setTimeout as wait } from 'node:timers/promises'

/** Asks every 25 ms until `ask` answers something true; throws with `what` after `timeoutMs`. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
  timeoutMs = 20_000,
): Promise<Value> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const value = await ask()
    if (value) return value
    if (Date.now() > end) throw new Error(`in ${timeoutMs / 1000} s it did not come to this: ${what}`)
    await wait(25)
  }
}
