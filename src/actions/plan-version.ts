/** A new version's part at every destination: those of the pharmacy now, and those that the configuration has dropped since. */

import { type CorrectionStep, type EarlierDeclaration, planCorrection, planForDropped } from '../domain/correction-plan.ts'
import { GatewayError } from '../domain/errors.ts'
import type { ActionDeps } from './deps.ts'

export type PlannedStep = CorrectionStep & { readonly destinationId: string }

/** Throws `unavailable` where the pharmacy has no destination at all: a change that is told to nobody would be missed by nobody. */
export function planVersion(
  deps: Pick<ActionDeps, 'destinationsOf'>,
  input: {
    readonly pharmacyId: string
    readonly intent: 'correct' | 'cancel'
    readonly earlier: readonly (EarlierDeclaration & { readonly destination: string })[]
  },
): readonly PlannedStep[] {
  const { pharmacyId, intent, earlier } = input
  const present = deps.destinationsOf(pharmacyId).map((destination) => destination.id)
  if (present.length === 0) throw new GatewayError('unavailable')
  const at = (destinationId: string) => earlier.filter((one) => one.destination === destinationId)
  const dropped = new Set(earlier.map((one) => one.destination).filter((id) => !present.includes(id)))
  return [
    ...present.map((destinationId) => ({ destinationId, ...planCorrection(at(destinationId), intent) })),
    ...[...dropped].flatMap((destinationId) => {
      const step = planForDropped(at(destinationId))
      return step ? [{ destinationId, ...step }] : []
    }),
  ]
}
