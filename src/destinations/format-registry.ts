/** Every format that a destination may name. */
import type { FormatName } from '../domain/destination-settings.ts'
import { bioTrod } from '../formats/profiles/bio-trod.ts'
import { sidepOru } from '../formats/profiles/sidep-oru.ts'
import type { Format } from './destination.ts'

const formats: Partial<Record<FormatName, Format>> = {
  'sidep-oru': sidepOru,
  'bio-trod': bioTrod,
}

export function findFormat(name: FormatName): Format | null {
  return formats[name] ?? null
}
