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
  'cardinality',
  'unsupported-message',
  'processing-id',
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
