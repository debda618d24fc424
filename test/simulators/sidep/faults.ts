/** The fault switches: what may go wrong on the far side, each for so many requests. */
export const faultModes = {
  refuse: 'AE, nothing taken; `code` names the error (103 unless told)',
  ar: 'AR, nothing taken',
  busy: 'HTTP 503 with Retry-After of `ms` (1 s unless told), nothing taken',
  hang: 'reads the request, takes nothing, never answers',
  'lose-request': 'breaks the connection before the request is read: nothing taken',
  'lose-answer': 'takes the message, then breaks the connection',
  'half-open': 'takes the message, then stays silent on an open connection',
  'answer-twice': 'takes the message and sends its whole HTTP response twice on the same connection',
  lie: 'takes the message and acknowledges another control id',
  slow: 'takes the message and answers after `ms` (1 s unless told)',
  garbage: 'takes the message and answers bytes without meaning',
  html: 'takes nothing and answers a web page with status 200',
  huge: 'takes the message and answers 64 MB, or as much as the simulator was told',
  'one-byte-a-second': 'takes the message and answers one byte every `ms` (1 s unless told)',
} as const
export type FaultMode = keyof typeof faultModes

export type Fault = { readonly mode: FaultMode; readonly code?: string | undefined; readonly ms?: number | undefined }

const pendingMax = 1_000_000

export type Faults = {
  /** The next `count` requests, after those already arranged, meet this fault; what it answers forgets those that have not yet. */
  add(fault: Fault & { readonly count?: number | undefined }): () => void
  clear(): void
  /** How many requests still will. */
  pending(): number
  /** Takes the fault of this request, null for none. */
  take(): Fault | null
}

export function createFaults(): Faults {
  let arranged: { fault: Fault; left: number }[] = []
  return {
    add: ({ count = 1, ...fault }) => {
      if (!Number.isInteger(count) || count < 1 || count > pendingMax) throw new RangeError('count is out of bounds')
      const entry = { fault, left: count }
      arranged.push(entry)
      return () => {
        arranged = arranged.filter((one) => one !== entry)
      }
    },
    clear: () => {
      arranged = []
    },
    pending: () => arranged.reduce((sum, { left }) => sum + left, 0),
    take: () => {
      const [first] = arranged
      if (!first) return null
      first.left -= 1
      if (first.left === 0) arranged.shift()
      return first.fault
    },
  }
}

/** Reads what was posted to `/faults`; null when it names no mode. `mode: none` clears. */
export function parseFault(body: Record<string, unknown>): (Fault & { count: number }) | 'none' | null {
  const { mode, count = 1, code, ms } = body
  if (mode === 'none') return 'none'
  if (typeof mode !== 'string' || !Object.hasOwn(faultModes, mode)) return null
  const wanted = Number(count)
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > pendingMax) return null
  return {
    mode: mode as FaultMode, // safe: a key of the table, as just seen
    count: wanted,
    code: typeof code === 'string' && /^\d{3}$/.test(code) ? code : undefined,
    ms: ms === undefined || ms === '' ? undefined : Math.min(Math.max(Number(ms) || 0, 0), 600_000),
  }
}
