/** The one family of errors that an edge may show: a closed code, a fixed public message, the cause kept inside. */
export const gatewayErrorCodes = [
  'bad-request',
  'not-signed-in',
  'forbidden',
  'not-found',
  'conflict',
  'not-configured',
  'too-large',
  'too-many-requests',
  'unavailable',
  'internal',
] as const
export type GatewayErrorCode = (typeof gatewayErrorCodes)[number]

/** Thrown by actions; `message` is the code, so that no inner text can travel outward. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: GatewayErrorCode

  constructor(code: GatewayErrorCode, options?: { cause?: unknown }) {
    super(code, options)
    this.code = code
  }
}

/** True where what was asked cannot be done now and may be later: a database or a key store is away. */
export function isUnavailable(cause: unknown): boolean {
  return cause instanceof GatewayError && cause.code === 'unavailable'
}
