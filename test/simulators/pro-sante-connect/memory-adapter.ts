/** Storage of one simulator in memory: two simulators in one process share nothing, and it can be made to forget. */
import type { Adapter, AdapterPayload } from 'oidc-provider'

export type SimulatorStore = {
  adapterFor(model: string): Adapter
  /** Drops everything of a kind: `AuthorizationCode` (codes expire), `Session` (Pro Santé Connect's own sessions end). */
  forget(model: string): void
}

type Entry = { readonly payload: AdapterPayload; readonly expiresAtMs: number }

export function createSimulatorStore(): SimulatorStore {
  const tables = new Map<string, Map<string, Entry>>()
  const tableOf = (model: string): Map<string, Entry> => {
    const table = tables.get(model) ?? new Map<string, Entry>()
    tables.set(model, table)
    return table
  }
  const findWhere = (model: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined =>
    [...tableOf(model).values()].find((entry) => matches(entry.payload) && entry.expiresAtMs > Date.now())?.payload
  return {
    adapterFor: (model) => ({
      upsert: async (id, payload, expiresIn) => {
        const expiresAtMs = expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY
        tableOf(model).set(id, { payload, expiresAtMs })
      },
      find: async (id) => {
        const entry = tableOf(model).get(id)
        return entry && entry.expiresAtMs > Date.now() ? entry.payload : undefined
      },
      findByUid: async (uid) => findWhere(model, (payload) => payload.uid === uid),
      findByUserCode: async (userCode) => findWhere(model, (payload) => payload.userCode === userCode),
      destroy: async (id) => {
        tableOf(model).delete(id)
      },
      revokeByGrantId: async (grantId) => {
        for (const table of tables.values())
          for (const [id, entry] of table) if (entry.payload.grantId === grantId) table.delete(id)
      },
      consume: async (id) => {
        const entry = tableOf(model).get(id)
        if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000)
      },
    }),
    forget: (model) => tableOf(model).clear(),
  }
}
