/** The format of a destination, made by its settings where it has any. */
import { ansOruCdaDefaults } from '../domain/ans-oru-cda-settings.ts'
import type { DestinationSettings } from '../domain/destination-settings.ts'
import { createAnsOruCda } from '../formats/profiles/ans-oru-cda.ts'
import { bioTrod } from '../formats/profiles/bio-trod.ts'
import { sidepOru } from '../formats/profiles/sidep-oru.ts'
import type { Format } from './destination.ts'

export function formatOf({ format, ansOruCda }: Pick<DestinationSettings, 'format' | 'ansOruCda'>): Format {
  switch (format) {
    case 'sidep-oru':
      return sidepOru
    case 'bio-trod':
      return bioTrod
    case 'ans-oru-cda':
      return createAnsOruCda(ansOruCda ?? ansOruCdaDefaults)
  }
}
