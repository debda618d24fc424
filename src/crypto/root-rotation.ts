/** Changes of the root key file as text in, text out: the operator's secret store writes it, never this process. */
import { fail, ok, type Result } from '../base/result.ts'
import type { KeyStoreAdmin } from './key-store-admin.ts'
import { newRootKey, parseRootKeys, type RootKey, type RootKeyMistake, writeRootKeys } from './root-jwks.ts'

export type RootChangeProblem =
  | { readonly code: 'bad-file'; readonly mistakes: readonly RootKeyMistake[] }
  | { readonly code: 'no-such-key' | 'is-primary' | 'only-key' }
  /** Tenant keys still stand under it: to drop it now would lose their pharmacies' data. */
  | { readonly code: 'needed'; readonly tenantKeys: number }

export type RootChange = Result<{ readonly text: string; readonly kid: string }, RootChangeProblem>

/**
 * Step 1 of a root rotation: the file with one more key, not primary yet, so that every replica can open what the first
 * replica to restart with step 2 will wrap.
 */
export function addRootKey(text: string, now: Date): RootChange {
  return changeKeys(text, (keys) => {
    const key = newRootKey({ now, primary: false })
    return ok({ keys: [...keys, key], kid: key.kid })
  })
}

/** Step 2, once every replica has the file of step 1: this key wraps from now on. Then `rewrap`. */
export function promoteRootKey(text: string, kid: string): RootChange {
  return changeKeys(text, (keys) => {
    if (!keys.some((key) => key.kid === kid)) return fail({ code: 'no-such-key' })
    return ok({ keys: keys.map((key) => ({ ...key, primary: key.kid === kid })), kid })
  })
}

/** Step 3, once `rewrap` left nothing under it: the file without this key. Refused while one tenant key needs it. */
export async function retireRootKey(
  deps: { readonly admin: Pick<KeyStoreAdmin, 'countKeys'> },
  input: { readonly text: string; readonly kid: string },
): Promise<RootChange> {
  const { roots } = await deps.admin.countKeys()
  const tenantKeys = roots.find((root) => root.rootKid === input.kid)?.tenantKeys ?? 0
  return changeKeys(input.text, (keys) => {
    const key = keys.find((one) => one.kid === input.kid)
    if (!key) return fail({ code: 'no-such-key' })
    if (keys.length === 1) return fail({ code: 'only-key' })
    if (key.primary) return fail({ code: 'is-primary' })
    if (tenantKeys > 0) return fail({ code: 'needed', tenantKeys })
    return ok({ keys: keys.filter((one) => one.kid !== input.kid), kid: input.kid })
  })
}

type Changed = Result<{ readonly keys: readonly RootKey[]; readonly kid: string }, RootChangeProblem>

function changeKeys(text: string, change: (keys: readonly RootKey[]) => Changed): RootChange {
  const read = parseRootKeys(text)
  if (!read.ok) return fail({ code: 'bad-file', mistakes: read.problem })
  const changed = change(read.value)
  return changed.ok ? ok({ text: writeRootKeys(changed.value.keys), kid: changed.value.kid }) : changed
}
