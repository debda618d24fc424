/** What a lane has claimed and not yet started, a turn for each pharmacy: who floods the queue holds up nobody here either. */
import type { Claim } from '../storage/queries.ts'

export type Ready<Entry> = {
  readonly size: number
  add(entries: readonly Entry[]): void
  /** The next one: of the pharmacy whose turn it is, in the order in which they were added. */
  take(): Entry | undefined
  takeAll(): Entry[]
  list(): Entry[]
}

/** Claims share a batch among pharmacies, but a batch is claimed ahead: in order of claim, one's two hundred would go before all that came since. */
export function createReady<Entry extends { readonly claim: Pick<Claim, 'pharmacyId'> }>(): Ready<Entry> {
  /** In order of their turns; none is empty. */
  const byPharmacy = new Map<string, Entry[]>()
  let size = 0
  const list = () => [...byPharmacy.values()].flat()
  return {
    get size() {
      return size
    },
    add: (entries) => {
      for (const entry of entries) {
        const { pharmacyId } = entry.claim
        const waiting = byPharmacy.get(pharmacyId)
        if (waiting) waiting.push(entry)
        else byPharmacy.set(pharmacyId, [entry])
      }
      size += entries.length
    },
    take: () => {
      const [turn] = byPharmacy
      if (!turn) return undefined
      const [pharmacyId, waiting] = turn
      const entry = waiting.shift()
      byPharmacy.delete(pharmacyId)
      if (waiting.length > 0) byPharmacy.set(pharmacyId, waiting)
      size -= 1
      return entry
    },
    takeAll: () => {
      const all = list()
      byPharmacy.clear()
      size = 0
      return all
    },
    list,
  }
}
