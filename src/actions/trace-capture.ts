/** A capture as a span of the request that asked for it. */
import type { Traces } from '../telemetry/traces.ts'
import type { Actions } from './actions.ts'

export function traceCapture(traces: Traces, actions: Actions): Actions {
  return {
    ...actions,
    captureScreening: (...asked) =>
      traces.run('capture', {}, async () => {
        const captured = await actions.captureScreening(...asked)
        if (captured.ok) traces.note({ screeningId: captured.value.screeningId })
        return captured
      }),
  }
}
