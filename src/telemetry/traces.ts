/** Traces of what a request or a declaration goes through: spans with names of a list, and ids and codes alone. */
import { printableCode, printableId, printableMethod, printableNumber, printableRoute } from './printable.ts'

export type SpanName = 'http.request' | 'capture' | 'claim' | 'open' | 'send' | 'settle'

/** What a span may say; each has a shape, and what does not fit is written as `unprintable`. */
export type SpanFields = {
  readonly requestId?: string
  readonly method?: string
  readonly route?: string
  readonly status?: number
  readonly screeningId?: string
  readonly declarationId?: string
  readonly destination?: string
  readonly attempt?: number
  /** Class of an outcome or state of a declaration. */
  readonly outcome?: string
  readonly count?: number
}

export type SpanAttributes = Readonly<Record<string, string | number>>

export type Traces = {
  /**
   * Runs `work` within a span that is inside the one around it. `keep`: false where nothing happened that is worth a span. A
   * rejection marks the span as failed and says nothing of the reason: errors quote rows.
   */
  run<T>(name: SpanName, fields: SpanFields, work: () => Promise<T>, keep?: (result: T) => boolean): Promise<T>
  /** Adds to the span that runs now, where there is one. */
  note(fields: SpanFields): void
  /** Sends what waits, within a bound. */
  close(): Promise<void>
}

/** Where no collector is configured: nothing is loaded, kept or sent. */
export const noTraces: Traces = {
  run: (_name, _fields, work) => work(),
  note: () => undefined,
  close: async () => undefined,
}

const shapes: {
  readonly [Field in keyof SpanFields]-?: readonly [name: string, shape: (value: never) => string | number | null]
} = {
  requestId: ['passerelle.request.id', printableId],
  method: ['http.request.method', printableMethod],
  route: ['http.route', printableRoute],
  status: ['http.response.status_code', printableNumber],
  screeningId: ['passerelle.screening.id', printableId],
  declarationId: ['passerelle.declaration.id', printableId],
  destination: ['passerelle.destination', printableCode],
  attempt: ['passerelle.attempt', printableNumber],
  outcome: ['passerelle.outcome', printableCode],
  count: ['passerelle.count', printableNumber],
}

export function spanAttributes(fields: SpanFields): SpanAttributes {
  const attributes: Record<string, string | number> = {}
  for (const [field, value] of Object.entries(fields)) {
    // A cast may have brought a field that no span knows.
    if (!Object.hasOwn(shapes, field) || value === undefined) continue
    const [name, shape] = shapes[field as keyof SpanFields]
    const shaped = shape(value as never)
    if (shaped !== null) attributes[name] = shaped
  }
  return attributes
}
