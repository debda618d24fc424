/** The end of a process: in time, also where the database answers nothing any more. */
import { expect, test } from 'vitest'
import { childrenOf } from '../faults/processes.ts'
import { startTestStack } from '../support/stack.ts'

test('gateway and worker end within ten seconds of SIGTERM though the database hangs', { timeout: 120_000 }, async () => {
  const stack = await startTestStack()
  const backends = [stack.postgres.pid, ...childrenOf(stack.postgres.pid)]
  try {
    for (const pid of backends) process.kill(pid, 'SIGSTOP')
    const startedAt = performance.now()
    for (const { child } of [stack.gateway, stack.worker]) child.kill('SIGTERM')
    await Promise.all([stack.gateway.exited, stack.worker.exited])
    expect(performance.now() - startedAt).toBeLessThan(10_500)
    // Not killed from outside: each ended by itself.
    expect([stack.gateway.child.signalCode, stack.worker.child.signalCode]).toEqual([null, null])
  } finally {
    for (const pid of backends) process.kill(pid, 'SIGCONT')
    await stack.close()
  }
})
