/** What a far side of any transport does with a message, with the simulator's fault switches: judge, and what to put on the wire. */
import { writeAcknowledgement } from '../simulators/sidep/acknowledgement.ts'
import { createFaults, type Fault } from '../simulators/sidep/faults.ts'
import { controlIdOf } from '../simulators/sidep/hl7-reader.ts'
import { openNationalFile } from '../simulators/sidep/national-file.ts'

export type Plan =
  | {
      readonly kind: 'answer'
      readonly bytes: Buffer
      readonly twice?: boolean
      readonly delayMs?: number
      readonly byteEveryMs?: number
    }
  | { readonly kind: 'silence' }
  /** Breaks the connection, where there is one. */
  | { readonly kind: 'break' }
  | { readonly kind: 'huge' }

/** The national file behind a transport of the test's own. `lose-request` is for the transport: it must not read the message. */
export function createJudge() {
  const now = () => new Date('2026-01-15T10:00:00.000Z')
  const file = openNationalFile({ deduplicates: true, now })
  const faults = createFaults()
  const acknowledge = (message: Buffer, fault: Fault | null): Buffer => {
    const { answer, controlId, refusal } = file.take(message, fault?.mode ?? null)
    return Buffer.from(
      writeAcknowledgement(message, { code: answer ?? 'AR', controlId, error: refusal ?? undefined, now: now() }),
    )
  }
  const plan = (message: Buffer, fault: Fault | null): Plan => {
    const controlId = controlIdOf(message)
    const pass = (answer: 'AE' | 'AR' | null) => fault && file.pass(message, fault.mode, answer)
    switch (fault?.mode) {
      case 'refuse': {
        pass('AE')
        const error = { code: fault.code ?? '103', location: 'PID-3', says: 'Refus simulé.' }
        return { kind: 'answer', bytes: Buffer.from(writeAcknowledgement(message, { code: 'AE', controlId, error, now: now() })) }
      }
      case 'ar':
      case 'busy':
        pass('AR')
        return { kind: 'answer', bytes: Buffer.from(writeAcknowledgement(message, { code: 'AR', controlId, now: now() })) }
      case 'hang':
        pass(null)
        return { kind: 'silence' }
      case 'html':
        pass(null)
        return { kind: 'answer', bytes: Buffer.from('<!doctype html><title>Maintenance</title>') }
      case 'lose-request':
        return { kind: 'break' }
      case 'lose-answer':
        file.take(message, fault.mode)
        return { kind: 'break' }
      case 'half-open':
        file.take(message, fault.mode)
        return { kind: 'silence' }
      case 'lie':
        file.take(message, fault.mode)
        return {
          kind: 'answer',
          bytes: Buffer.from(writeAcknowledgement(message, { code: 'AA', controlId: 'SOMEBODYELSE', now: now() })),
        }
      case 'garbage':
        file.take(message, fault.mode)
        return { kind: 'answer', bytes: Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x80, 0x4d, 0x53, 0x48]) }
      case 'huge':
        file.take(message, fault.mode)
        return { kind: 'huge' }
      case 'slow':
        return { kind: 'answer', bytes: acknowledge(message, fault), delayMs: fault.ms ?? 1_000 }
      case 'answer-twice':
        return { kind: 'answer', bytes: acknowledge(message, fault), twice: true }
      case 'one-byte-a-second':
        return { kind: 'answer', bytes: acknowledge(message, fault), byteEveryMs: fault.ms ?? 1_000 }
      default:
        return { kind: 'answer', bytes: acknowledge(message, fault) }
    }
  }
  return { faults, received: file.received, plan }
}
