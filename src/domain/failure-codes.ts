/** Why a declaration was not taken: closed codes, on which every decision rests (never on message text). */
export const failureCodes = [
  // refused by our own checks, before a byte left
  'unmapped-code',
  'missing-trait',
  'kit-without-udi',
  'not-expressible',
  'message-too-large',
  'pharmacy-not-configured',
  'unreadable-content',
  'not-conserved',
  // the far side could not be reached, or took nothing: transient
  'unreachable',
  'tls-refused',
  'host-key-refused',
  'address-refused',
  'busy',
  'refused-for-now',
  'unauthorised-sender',
  // it may have been taken: ambiguous
  'answer-lost',
  'answer-unreadable',
  'answer-for-another',
  'answer-too-large',
  'lease-expired',
  'look-up-unclear',
  // the far side refused it for good: permanent
  'segment-sequence',
  'required-field-missing',
  'data-type',
  'table-value',
  'value-too-long',
  'cardinality',
  'unsupported-message',
  'processing-id',
  'unknown-key',
  'duplicate-key',
  'record-locked',
  'application-error',
  'wrong-version',
  'author-not-allowed',
  'unknown-patient',
  'ins-missing',
  'ins-mismatch',
  'ins-incomplete',
  'refused',
  // decided here
  'retry-budget-spent',
] as const
export type FailureCode = (typeof failureCodes)[number]

/**
 * A refusal that says the opposite of the others: the far side holds a message of this control id. After a backup was restored
 * here that is every one sent since; under another id it would take each a second time.
 */
export const heldAlready = 'duplicate-key' satisfies FailureCode
