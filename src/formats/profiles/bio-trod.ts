/** `bio-trod`: the published rapid-test document BIO-TROD 2024.01 sent as it is, without a message around it. */
import { assert } from '../../base/assert.ts'
import { fail, ok, type Result } from '../../base/result.ts'
import type { DeclarationDocument } from '../../domain/declaration-document.ts'
import { writeBioTrod } from '../cda/bio-trod-document.ts'
import type { EncodedMessage, EncodeProblem, Format } from '../format.ts'
import { readAcknowledgement } from '../hl7v2/acknowledgement.ts'

/**
 * The model publishes no answer of its own: a receiver answers with the only acknowledgement that is published beside it,
 * an HL7 v2.5 ACK for the control id, which the transport gives it; anything else is ambiguous.
 */
export const bioTrod: Format = { encode, readAnswer: readAcknowledgement }

function encode(document: DeclarationDocument): Result<EncodedMessage, EncodeProblem> {
  const { kind, version, replacesVersion, controlId } = document
  assert((kind === 'original') === (replacesVersion === null), 'only an original replaces nothing')
  // A CDA states what was found; it has no word for "this never was". A replacement by a made-up result would be a lie.
  if (kind === 'cancellation') return fail({ code: 'not-expressible', location: 'relatedDocument' })
  const bytes = writeBioTrod(document, { version, replaces: replacesVersion })
  if (!bytes.ok) return bytes
  return ok({ bytes: bytes.value, contentType: 'application/xml; charset=utf-8', controlId })
}
