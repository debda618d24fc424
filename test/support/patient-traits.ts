/** What a thief would look for: the traits of captured patients that say who they are and how they are. */
import type { CaptureInput } from '../../src/domain/capture-fields.ts'

/** Names of fewer than five letters stand in any file by chance; their owners' other traits are looked for all the same. */
const lettersMin = 5

export function traitsOf(captures: readonly CaptureInput[]): readonly string[] {
  return captures
    .flatMap(({ birthName, birthFirstName, insMatricule, phone, email, addressLine, kitLot, comment }) => [
      birthName,
      birthFirstName,
      insMatricule,
      phone,
      email,
      addressLine,
      kitLot,
      comment,
    ])
    .filter((text) => text !== undefined && text.length >= lettersMin) as string[]
}
