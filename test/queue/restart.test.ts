/** PostgreSQL goes away and comes back under a worker. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildTemplates } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgresServer } from '../support/postgres-server.ts'
import { createTestDestination, eventually, withQueue } from './harness.ts'

test('a worker survives a restart of PostgreSQL: the answer in hand is settled, and new commits wake it again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-restart-'))
  const port = await freePort()
  let server = await startPostgresServer({ folder, port })
  try {
    await buildTemplates(server.superUrl('postgres'))
    await withQueue(async (q) => {
      const destination = createTestDestination()
      let release: () => void = () => undefined
      destination.onArrival = () =>
        new Promise((done) => {
          release = done
        })
      const worker = q.worker(destination, { settings: { pollMs: 500 } })
      const held = await q.addDeclaration()
      await worker.start()
      await eventually('it arrived', () => destination.arrivals.length === 1)
      await server.stop()
      release() // the answer comes while there is nowhere to write it
      await eventually('the worker noticed', () => q.events.failed.length > 0)
      destination.onArrival = () => undefined
      server = await startPostgresServer({ folder, port })
      await eventually(
        'the answer was settled',
        async () => (await q.row(held.id).catch(() => null))?.state === 'accepted',
        20_000,
      )
      const later = await q.addDeclaration()
      await eventually('later work goes on', async () => (await q.row(later.id)).state === 'accepted', 20_000)
      expect(destination.arrivals).toHaveLength(2)
      await q.checkInvariants()
    }, server.superUrl('postgres'))
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)
