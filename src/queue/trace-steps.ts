/** The steps of a declaration as spans: claimed, opened, sent, settled; ids, codes and counts only. */
import type { Claim, Settled } from '../storage/queries.ts'
import type { Traces } from '../telemetry/traces.ts'
import type { Asked } from './ask.ts'
import type { Ended } from './run-declaration.ts'

export function traceSteps(traces: Traces) {
  const named = ({ id, destination, attemptCount }: Claim) => ({ declarationId: id, destination, attempt: attemptCount })
  return {
    /** An asking that brought nothing, every few seconds of the night, leaves no span. */
    claim: (destination: string, ask: () => Promise<Asked>) =>
      traces.run(
        'claim',
        { destination },
        async () => {
          const asked = await ask()
          traces.note({ count: asked.claims.length })
          return asked
        },
        ({ claims }) => claims.length > 0,
      ),
    open: <T>(destination: string, claims: readonly Claim[], open: () => Promise<T>) =>
      traces.run('open', { destination, count: claims.length }, open),
    send: (claim: Claim, send: () => Promise<Ended>) =>
      traces.run('send', named(claim), async () => {
        const ended = await send()
        traces.note({ outcome: ended?.outcome.class ?? 'lease-lost' })
        return ended
      }),
    settle: <T>(claim: Claim, { settlement }: Settled, settle: () => Promise<T>) =>
      traces.run('settle', { ...named(claim), outcome: settlement.state }, settle),
  }
}
