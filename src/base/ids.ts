/** Identifiers: random for everything that touches a patient, so that an id tells neither order nor time. */
export type NewId = () => string

/** A UUIDv4 from the platform's generator. */
export const randomId: NewId = () => crypto.randomUUID()

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** True for a lower-case UUID as PostgreSQL prints it; anything else is "not there" at every door. */
export function isId(value: string): boolean {
  return uuidPattern.test(value)
}
