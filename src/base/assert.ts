/** Stops on what cannot be: a fault of ours, never of a person or of the far side. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws `AssertionError` unless `condition` holds; `message` is fixed text, never a value. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** Marks the arm of a switch over a closed union that no value can reach. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${typeof value}`)
}
