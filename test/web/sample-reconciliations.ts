/** Reconciliations as pages see them: one under way, one that agrees, one with a difference of every kind. */
import type { DifferenceRow, ReconciliationDesk, ReconciliationView } from '../../src/actions/reconciliation-desk.ts'
import { fail, ok } from '../../src/base/result.ts'
import type { DeclarationState } from '../../src/domain/declaration.ts'
import { GatewayError } from '../../src/domain/errors.ts'
import { compareSides, type Discrepancy, unknownToUs } from '../../src/domain/reconciliation.ts'
import { roleMay } from '../../src/domain/roles.ts'

export const reconciliationIds = { agrees: 80, differs: 81, waiting: 82 } as const

export type SampleReconciliations = ReconciliationDesk & { readonly handled: string[] }

export function sampleReconciliations(idNumbered: (number: number) => string, now: Date): SampleReconciliations {
  const shared = { destination: 'sidep', destinationLabel: 'SI-DEP', byList: false, requestedAt: now }
  const differences = sampleDifferences(idNumbered)
  const rows: readonly ReconciliationView[] = [
    { ...shared, id: idNumbered(82), day: '2026-11-22', state: 'waiting', asked: 0, agreed: 0, differing: 0 },
    { ...shared, id: idNumbered(81), day: '2026-11-21', state: 'done', asked: 218, agreed: 211, differing: differences.length },
    { ...shared, id: idNumbered(80), day: '2026-11-20', state: 'done', asked: 204, agreed: 204, differing: 0 },
  ]
  const handled: string[] = []
  return {
    handled,
    list: async (actor) => ({
      destinations: [
        { id: 'sidep', label: 'SI-DEP', canBeAsked: true },
        { id: 'dmp', label: 'DMP par l’établissement', canBeAsked: false },
      ],
      newestDay: '2026-11-22',
      recent: rows,
      mayAsk: roleMay(actor.role, 'ledger.reconcile'),
    }),
    ask: async (_actor, { destination }) =>
      destination === 'sidep' ? ok({ id: idNumbered(82) }) : fail(destination === 'dmp' ? 'cannot-be-asked' : 'destination'),
    find: async (actor, id) => {
      const row = rows.find((one) => one.id === id)
      if (!row) throw new GatewayError('not-found')
      const shown = row.differing === 0 ? [] : differences
      const marked = shown.map((one) => ({ ...one, handled: one.handled || handled.includes(one.id) }))
      return { ...row, differences: marked, mayHandle: roleMay(actor.role, 'ledger.reconcile') }
    },
    handle: async (_actor, { differenceId }) => {
      if (handled.includes(differenceId)) throw new GatewayError('conflict')
      handled.push(differenceId)
    },
  }
}

function sampleDifferences(idNumbered: (number: number) => string): readonly DifferenceRow[] {
  const ours = (number: number, state: DeclarationState) => ({
    controlId: `K${String(number).padStart(19, '0')}`,
    declarationId: idNumbered(600 + number),
    screeningId: idNumbered(1),
    pharmacyId: idNumbered(1),
    state,
    tried: true,
  })
  const found: readonly (Discrepancy | null)[] = [
    compareSides(ours(1, 'accepted'), 'not-held'),
    compareSides(ours(2, 'accepted'), 'not-held'),
    compareSides(ours(3, 'parked'), 'held'),
    compareSides(ours(4, 'parked'), 'not-held'),
    compareSides(ours(5, 'cancelled'), 'held'),
    compareSides(ours(6, 'sent'), 'held'),
    unknownToUs('ZZ9999INCONNUE000001'),
  ]
  return found.flatMap((one, index): DifferenceRow[] => {
    if (one === null) return []
    const { ours: side, controlId, problem, proposal } = one
    const state = side?.state ?? null
    const ids = { declarationId: side?.declarationId ?? null, screeningId: side?.screeningId ?? null }
    return [{ id: idNumbered(700 + index), controlId, problem, proposal, state, stateNow: state, handled: index === 1, ...ids }]
  })
}
