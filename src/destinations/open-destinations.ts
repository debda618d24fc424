/** Opens the configured destinations, each a format joined to a transport, and hands out what delivers to one. */
import type { Clock } from '../base/clock.ts'
import { createClosers } from '../base/closers.ts'
import { fail } from '../base/result.ts'
import type { DeclarationDocument } from '../domain/declaration-document.ts'
import type { DestinationSettings } from '../domain/destination-settings.ts'
import { sha256Hex } from '../formats/digest.ts'
import { outcomeWithoutAnswer } from './classify.ts'
import type { Deliver, Format, Transport } from './destination.ts'
import { findFormat } from './format-registry.ts'
import { type LookUp, openLookUp } from './look-up.ts'
import { openTransport } from './open-transport.ts'

export type Destinations = {
  /** What delivers to this destination; throws on an id that was not configured. */
  deliver(destinationId: string): Deliver
  /** What asks this destination; null where it cannot be asked. */
  findLookUp(destinationId: string): LookUp | null
  close(): Promise<void>
}

/** The part of a destination's settings that sending needs; pacing and retries are the queue's. */
export type SendingSettings = Pick<DestinationSettings, 'id' | 'format' | 'transport' | 'concurrencyMax' | 'lookUp'>

export type SendingDeps = {
  readonly clock: Clock
  /** Told of a fault of ours with one declaration's content: the cause holds none of it, as all our errors. */
  readonly onFault?: (cause: unknown) => void
}

/** Throws an error that names the destination when one cannot be opened; connects to nothing yet. */
export function openDestinations(settings: readonly SendingSettings[], deps: SendingDeps): Destinations {
  const closers = createClosers()
  const deliverById = new Map<string, Deliver>()
  const lookUpById = new Map<string, LookUp>()
  for (const destination of settings) {
    const format = findFormat(destination)
    if (format === null) throw new Error(`destination ${destination.id}: format ${destination.format} is not available`)
    const transport = openTransportOf(deps, destination)
    closers.push(`destination ${destination.id}`, transport.close)
    deliverById.set(destination.id, createDeliver(format, transport, deps.onFault))
    if (destination.lookUp && destination.transport.kind === 'https') {
      const lookUp = openLookUp(destination.transport, destination.lookUp)
      closers.push(`look-up of ${destination.id}`, lookUp.close)
      lookUpById.set(destination.id, lookUp)
    }
  }
  return {
    findLookUp: (destinationId) => lookUpById.get(destinationId) ?? null,
    deliver: (destinationId) => {
      const deliver = deliverById.get(destinationId)
      if (!deliver) throw new Error('no such destination')
      return deliver
    },
    close: closers.closeAll,
  }
}

function openTransportOf(deps: { readonly clock: Clock }, destination: SendingSettings): Transport {
  try {
    return openTransport(deps, { settings: destination.transport, connectionsMax: destination.concurrencyMax })
  } catch (cause) {
    throw new Error(`destination ${destination.id}: its transport cannot be opened`, { cause })
  }
}

/** One format over one transport. Throws only for faults of ours (and what `beforeSend` throws), never for the far side's. */
export function createDeliver(
  format: Format,
  transport: Transport,
  onFault: (cause: unknown) => void = () => undefined,
): Deliver {
  /** A fault of ours with one content is a fault each time: shown as refused, where somebody sees it, and told to the log. */
  const encode: (document: DeclarationDocument) => ReturnType<Format['encode']> = (document) => {
    try {
      return format.encode(document, new Date(document.signedAt))
    } catch (cause) {
      onFault(cause)
      return fail({ code: 'unreadable-content' })
    }
  }
  return async (document, { signal, beforeSend }) => {
    if (signal.aborted) return { class: 'interrupted' }
    // Written as of its signature, so that every attempt at this declaration sends, and digests, the same bytes.
    const encoded = encode(document)
    if (!encoded.ok) return { class: 'permanent', code: encoded.problem.code, location: encoded.problem.location }
    const message = encoded.value
    // Commit point: once this holds true, a crash on the next line means "may have been sent".
    const ours = await beforeSend(sha256Hex(message.bytes))
    if (!ours) return { class: 'interrupted' }
    const result = await transport.send(message, { signal })
    return result.kind === 'answer' ? format.readAnswer(result.bytes, message.controlId) : outcomeWithoutAnswer(result)
  }
}
