/** Corrects a signed screening: a new version with a reason, declared in the way that each destination needs. */
import { parseCapture } from '../domain/capture-input.ts'
import type { Act } from '../domain/screening.ts'
import type { TestKit } from '../domain/test-kit.ts'
import type { Actions } from './actions.ts'
import { changeScreening } from './change-screening.ts'
import type { ActionDeps } from './deps.ts'

export function correctScreening(deps: ActionDeps): Actions['correctScreening'] {
  return (actor, { version: basedOn, ...input }, request) =>
    changeScreening(
      deps,
      actor,
      {
        ...input,
        intent: 'correct',
        basedOn,
        contentFrom: ({ act }, now) =>
          parseCapture(input.fields, {
            now,
            profile: deps.profile,
            // What was used stays used, though the catalogue has dropped it since.
            findTestKit: (id) => deps.findTestKit(id) ?? (id === act.testKit.id ? kitOf(act) : null),
            corrects: act,
          }),
      },
      request,
    )
}

/** A kit as the act tells of it: it read what was reported. */
function kitOf({ testKit, results: [first, ...others] }: Act): TestKit {
  const { id, maker, name, udi } = testKit
  return { id, maker, name, udi, analytes: [first.analyte, ...others.map((one) => one.analyte)] }
}
