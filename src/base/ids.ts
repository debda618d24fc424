/** Identifiers: random for everything that touches a patient, so that an id tells neither order nor time. */
import { randomUUID, randomUUIDv7 } from 'node:crypto'

export type NewId = () => string

/** A UUIDv4 from the platform's generator. */
export const randomId: NewId = () => randomUUID()

/**
 * A UUIDv7 (RFC 9562 §5.7), for what comes and goes by the million and says in clear when it came: declarations. New ones stand together
 * in every index that names them, so that forwarding touches what it has just touched, however many years lie beside it.
 */
export const timedId: NewId = () => randomUUIDv7()

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for a lower-case UUID as PostgreSQL prints it; anything else is "not there" at every door. */
export function isId(value: string): boolean {
  return uuidPattern.test(value)
}
