/** A server that was away: what was cut off holds nothing up, neither what comes after nor the end. */
import { connect as connectTo, createServer, type Socket } from 'node:net'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openDatabase } from '../../src/storage/database.ts'
import { openKeyStore } from '../../src/storage/keystore.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { until } from '../support/until.ts'

let databases: TestDatabases

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
})
afterAll(() => databases.drop())

/** In front of the server: it hangs up on whoever connects, until `letIn`. */
async function startClosedDoor(url: string) {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let refused = 0
  let letsIn = false
  const server = createServer((client) => {
    open.add(client)
    client.on('error', () => undefined)
    if (!letsIn) {
      refused += 1
      return void client.resetAndDestroy()
    }
    const inside = connectTo(Number(port), hostname).on('error', () => undefined)
    open.add(inside)
    client.pipe(inside).pipe(client)
    client.on('close', () => inside.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const through = new URL(url)
  through.host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url: through.href,
    refused: () => refused,
    letIn: () => {
      letsIn = true
    },
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

test('a database that refused forty connections is used within seconds of its return', { timeout: 20_000 }, async () => {
  const door = await startClosedDoor(databases.appUrl)
  const database = openDatabase(door.url)
  const ask = () => database.forNobody((tx) => tx.execute(sql`select 1`)).catch(() => null)
  while (door.refused() < 40) await Promise.all(Array.from({ length: 10 }, ask))
  door.letIn()
  // The driver's own pause would be ten to twenty seconds by now.
  const returnedAt = performance.now()
  await until('it answers', async () => (await ask()) !== null)
  expect(performance.now() - returnedAt).toBeLessThan(5_000)
  await database.close()
  door.close()
})

/** Cuts off the one connection of this database that sleeps. */
async function cutOff(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1)
  const admin = connect(databases.superUrl)
  await until('it was cut off', async () => {
    const [cut] = await admin`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = ${name} and pid <> pg_backend_pid() and query like '%pg_sleep%' and state = 'active'`
    return cut !== undefined
  })
  await admin.end()
}

test('closing waits for no connection that was cut off in the midst of a statement', async () => {
  const database = openDatabase(databases.appUrl)
  const asleep = database.forNobody((tx) => tx.execute(sql`select pg_sleep(30)`)).catch(() => 'cut off')
  await cutOff(databases.appUrl)
  expect(await asleep).toBe('cut off')
  const startedAt = performance.now()
  await database.close()
  // Its grace for what is under way is five seconds, and nothing is.
  expect(performance.now() - startedAt).toBeLessThan(3_000)
})

test('the same holds for the key store', async () => {
  const store = openKeyStore(databases.keystoreAppUrl, { timeoutMs: 20_000 })
  const asleep = store.sql`select pg_sleep(15)`.catch(() => 'cut off')
  await cutOff(databases.keystoreAppUrl)
  expect(await asleep).toBe('cut off')
  const startedAt = performance.now()
  await store.close()
  expect(performance.now() - startedAt).toBeLessThan(3_000)
})

test('closing lets a transaction that is under way end', async () => {
  const database = openDatabase(databases.appUrl)
  const under = database.forNobody(async (tx) => {
    await tx.execute(sql`select pg_sleep(0.5)`)
    return 'ended'
  })
  await new Promise((resume) => setTimeout(resume, 100))
  await database.close()
  expect(await under).toBe('ended')
})
