/** Traces that go to a collector by OTLP over HTTP; loaded where one is configured, and nowhere else. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { LookupFunction } from 'node:net'
import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace'
import { spanAttributes, type Traces } from './traces.ts'

export type TracesDeps = {
  /** The one place that decides which addresses may be reached (`destinations/egress.ts`). */
  readonly lookup: LookupFunction
}

export type TracesSettings = {
  /** Where the collector takes OTLP over HTTP: as a rule `https://…/v1/traces`. */
  readonly url: string
  /** Of a hundred requests or steps of the worker, how many are traced: 1 to 100. */
  readonly samplePercent: number
  readonly instance: string
}

/** A collector that is away costs at most this many spans in memory; what comes then is dropped. */
const spansMax = 2_048
const batchMax = 256
const exportTimeoutMs = 3_000
const everyMs = 2_000
const closeTimeoutMs = 1_500
const textMax = 200

export function openTraces({ lookup }: TracesDeps, { url, samplePercent, instance }: TracesSettings): Traces {
  const exporter = new OTLPTraceExporter({
    url,
    timeoutMillis: exportTimeoutMs,
    concurrencyLimit: 1,
    httpAgentOptions: { keepAlive: true, maxSockets: 1, lookup },
  })
  const provider = new TracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplePercent / 100) }),
    spanLimits: { attributeCountLimit: 16, attributeValueLengthLimit: textMax, eventCountLimit: 0, linkCountLimit: 0 },
    resource: resourceFromAttributes({ 'service.name': 'passerelle', 'service.instance.id': instance }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: spansMax,
        maxExportBatchSize: batchMax,
        exportTimeoutMillis: exportTimeoutMs,
        scheduledDelayMillis: everyMs,
      }),
    ],
  })
  const tracer = provider.getTracer('passerelle')
  const around = new AsyncLocalStorage<Span>()
  return {
    run: async (name, fields, work, keep) => {
      const parent = around.getStore()
      const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT
      const span = tracer.startSpan(name, { attributes: spanAttributes(fields) }, context)
      try {
        const result = await around.run(span, work)
        // What is never ended is never exported.
        if (keep?.(result) ?? true) span.end()
        return result
      } catch (cause) {
        span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
        throw cause
      }
    },
    note: (fields) => void around.getStore()?.setAttributes(spanAttributes(fields)),
    close: async () => {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, closeTimeoutMs)
      await Promise.race([provider.shutdown().catch(() => undefined), late.promise])
      clearTimeout(timer)
    },
  }
}
