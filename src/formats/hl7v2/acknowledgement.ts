/** Reads the acknowledgement of a message into an outcome (national-formats §5); what cannot be read is ambiguous. */
import type { FailureCode } from '../../domain/failure-codes.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { sha256Hex } from '../digest.ts'
import { findSegment, type Hl7Message, type Segment, textAt } from './message.ts'
import { parseMessage } from './parse.ts'

/** HL7 table 0357, then the agency's own codes; 199 and 906 say "other", and are, like a code of neither, `refused`. */
const failureByCode = new Map<string, FailureCode>([
  ['100', 'segment-sequence'],
  ['101', 'required-field-missing'],
  ['102', 'data-type'],
  ['103', 'table-value'],
  ['104', 'value-too-long'],
  ['198', 'cardinality'],
  ['200', 'unsupported-message'],
  ['201', 'unsupported-message'],
  ['202', 'processing-id'],
  ['203', 'unsupported-message'],
  ['204', 'unknown-key'],
  ['205', 'duplicate-key'],
  ['206', 'record-locked'],
  ['207', 'application-error'],
  ['900', 'wrong-version'],
  ['901', 'author-not-allowed'],
  ['902', 'unknown-patient'],
  ['903', 'ins-missing'],
  ['904', 'ins-mismatch'],
  ['905', 'ins-incomplete'],
])

const unreadable: Outcome = { class: 'ambiguous', code: 'answer-unreadable' }

/**
 * The outcome that the answer to the message `controlId` tells. Never throws, and never says more than the answer does:
 * only an AA for this very control id, without an error beside it, is a receipt. Commit codes (CA, CE, CR) say that a
 * message was stored, not that it was judged: our messages do not ask for them, so they are ambiguous.
 */
export function readAcknowledgement(answer: Uint8Array, controlId: string): Outcome {
  const parsed = parseMessage(answer)
  if (!parsed.ok) return unreadable
  const header = findSegment(parsed.value, 'MSH')
  const acknowledgements = parsed.value.segments.filter(({ name }) => name === 'MSA')
  const [acknowledgement] = acknowledgements
  if (!header || !acknowledgement || acknowledgements.length > 1 || textAt(header, 9) !== 'ACK') return unreadable
  const answered = textAt(acknowledgement, 2)
  if (answered === '') return unreadable
  if (answered !== controlId) return { class: 'ambiguous', code: 'answer-for-another' }
  const error = findError(parsed.value)
  switch (textAt(acknowledgement, 1)) {
    case 'AA':
      // Taken and in error at once: the answer contradicts itself.
      if (error) return unreadable
      return { class: 'accepted', receipt: { reference: textAt(header, 10) || null, answerSha256: sha256Hex(answer) } }
    case 'AE':
      return refusal(error)
    case 'AR':
      return { class: 'transient', code: codeOf(error) ?? 'refused-for-now' }
    default:
      return unreadable
  }
}

function refusal(error: Segment | null): Outcome {
  const location = error ? locationOf(error) : undefined
  return { class: 'permanent', code: codeOf(error) ?? 'refused', ...(location === undefined ? {} : { location }) }
}

function codeOf(error: Segment | null): FailureCode | null {
  return (error && failureByCode.get(textAt(error, 3))) ?? null
}

/** The first ERR that is no warning (W) nor information (I), nor the code 0 of table 0357, "message accepted". */
function findError(message: Hl7Message): Segment | null {
  const isError = (each: Segment) => each.name === 'ERR' && !/^[WI]$/.test(textAt(each, 4)) && textAt(each, 3) !== '0'
  return message.segments.find(isError) ?? null
}

/**
 * ERR-2 as a field path: `PID-3`, `PID-3.4`, `OBX[2]-5`. Only names and numbers get through: whatever else the far side
 * writes there could be a patient's data, and locations are stored in clear and logged.
 */
function locationOf(error: Segment): string | undefined {
  const name = textAt(error, 2)
  const [sequence, field, , component] = [2, 3, 4, 5].map((place) => countOf(textAt(error, 2, { component: place })))
  if (!/^[A-Z][A-Z0-9]{2}$/.test(name)) return undefined
  const which = sequence === undefined || sequence === '1' ? '' : `[${sequence}]`
  if (field === undefined) return `${name}${which}`
  return `${name}${which}-${field}${component === undefined ? '' : `.${component}`}`
}

function countOf(text: string): string | undefined {
  return /^[1-9]\d{0,2}$/.test(text) ? text : undefined
}
