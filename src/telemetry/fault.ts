/** An unknown error as names and codes of closed shapes: never its message, which may quote a patient's record. */

import { gatewayErrorCodes } from '../domain/errors.ts'
import { failureCodes } from '../domain/failure-codes.ts'

const causesMax = 5
const framesMax = 12

const ourCodes: ReadonlySet<string> = new Set([
  ...gatewayErrorCodes,
  ...failureCodes,
  // of keys and their store
  'unknown-key',
  'bad-key',
  'unknown-kid',
  'not-opened',
])

/** Listed, as some given names have the shape of a system code. */
const systemCodes: ReadonlySet<string> = new Set(
  (
    'EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EAI_AGAIN EBUSY ECANCELED ECONNABORTED ECONNREFUSED ECONNRESET EHOSTUNREACH EINVAL EIO ' +
    'EISDIR EMFILE ENETUNREACH ENFILE ENOENT ENOMEM ENOSPC ENOTCONN ENOTDIR ENOTFOUND EPERM EPIPE EROFS ETIMEDOUT'
  ).split(' '),
)

/** Codes of Node, undici, TLS, the PostgreSQL driver and openid-client: words in capitals after a prefix of theirs. */
const libraryCode = /^(ERR|UND_ERR|OAUTH|CERT|DEPTH|UNABLE|SELF|CONNECT|CONNECTION|HOSTNAME)_[A-Z][A-Z_]{1,58}$/
/** SQLSTATE (PostgreSQL, appendix A): trusted from the driver's error alone, as a postal code has its shape too. */
const sqlState = /^[0-9A-Z]{5}$/
const errorName = /^([A-Z][A-Za-z0-9]{0,39})?(Error|Exception)$/

/** From the outermost error to its cause, `Name` or `Name code`; at most five. */
export function faultOf(error: unknown): readonly string[] {
  const found: string[] = []
  let current: unknown = error
  while (current !== undefined && current !== null && found.length < causesMax) {
    found.push(linkOf(current))
    current = propertyOf(current, 'cause')
  }
  return found
}

/** Where it was thrown: file, line and function of each frame; the message in front of them is left out. */
export function framesOf(error: unknown): readonly string[] {
  const stack = propertyOf(error, 'stack')
  if (typeof stack !== 'string') return []
  const frames = stack.split('\n').filter((line) => /^\s+at [\w$.<>[\] #]*\(?(file:|node:|\/)[^\s()]+:\d+:\d+\)?$/.test(line))
  return frames.slice(0, framesMax).map((line) => line.trim())
}

function linkOf(value: unknown): string {
  if (!(value instanceof Error)) return `a thrown ${typeof value}`
  const given = propertyOf(value, 'name')
  const name = typeof given === 'string' && errorName.test(given) ? given : 'Error'
  const code = propertyOf(value, 'code')
  return typeof code === 'string' && isKnownCode(code, name) ? `${name} ${code}` : name
}

function isKnownCode(code: string, name: string): boolean {
  if (ourCodes.has(code) || systemCodes.has(code)) return true
  return libraryCode.test(code) || (name === 'PostgresError' && sqlState.test(code))
}

/** Reporting must never throw, whatever was thrown: a getter may. */
function propertyOf(value: unknown, name: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  } catch {
    return undefined
  }
}
