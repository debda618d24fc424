/** The format of a destination, made by its settings where it has any. */
import { ansOruCdaDefaults } from '../domain/ans-oru-cda-settings.ts'
import type { DestinationSettings, FormatName } from '../domain/destination-settings.ts'
import { createAnsOruCda } from '../formats/profiles/ans-oru-cda.ts'
import { bioTrod } from '../formats/profiles/bio-trod.ts'
import { sidepOru } from '../formats/profiles/sidep-oru.ts'
import type { Format } from './destination.ts'

type Chosen = Pick<DestinationSettings, 'format' | 'ansOruCda'>

const formats: Record<FormatName, (settings: Chosen) => Format> = {
  'sidep-oru': () => sidepOru,
  'bio-trod': () => bioTrod,
  'ans-oru-cda': ({ ansOruCda }) => createAnsOruCda(ansOruCda ?? ansOruCdaDefaults),
}

/** Null for a name that this release does not know: config refuses it before, and this stands behind. */
export function findFormat(settings: Chosen): Format | null {
  return Object.hasOwn(formats, settings.format) ? formats[settings.format](settings) : null
}
