/** A server that dies while a connection is being made: the process lives on, and arrays are read and written without its help. */
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openDatabase } from '../../src/storage/database.ts'
import { openKeyStore } from '../../src/storage/keystore.ts'
import { createTestDatabases, type TestDatabases } from '../support/database.ts'
import { until } from '../support/until.ts'

let databases: TestDatabases

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
})
afterAll(() => databases.drop())

const starting = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0')
const startingUp = Buffer.concat([Buffer.from('E'), Buffer.from([0, 0, 0, starting.length + 4]), starting])

/** In front of the server: the first connection ends with its first question, the second is told to come later, the others are let through. */
async function startDying(url: string): Promise<{ url: string; connections: () => number; close(): void }> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let connections = 0
  const server: Server = createServer((client) => {
    connections += 1
    open.add(client)
    client.on('error', () => undefined)
    if (connections === 2) return void client.once('data', () => client.end(startingUp))
    const inside = connectTo(Number(port), hostname).on('error', () => undefined)
    open.add(inside)
    const dies = connections === 1
    client.on('data', (chunk: Buffer) => {
      // Parse: the first question after the password.
      if (dies && chunk.includes('select')) return void client.destroy()
      inside.write(chunk)
    })
    inside.pipe(client)
    client.on('close', () => inside.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const through = new URL(url)
  through.host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url: through.href,
    connections: () => connections,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

async function rejectionsNobodyCaught(run: () => Promise<void>): Promise<unknown[]> {
  const found: unknown[] = []
  const note = (cause: unknown) => found.push(cause)
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
  try {
    await run()
    await new Promise((resume) => setImmediate(resume))
  } finally {
    process.off('unhandledRejection', note)
    for (const other of others) process.on('unhandledRejection', other)
  }
  return found
}

test('a server that dies before a new connection has asked anything takes no process with it, and is used when it is back', async () => {
  const dying = await startDying(databases.appUrl)
  const database = openDatabase(dying.url, { connectionsMax: 1, statementTimeoutMs: 5_000 })
  const found = await rejectionsNobodyCaught(async () => {
    await until('it answers', () =>
      database.ping().then(
        () => true,
        () => false,
      ),
    )
  })
  expect(found).toEqual([])
  expect(dying.connections()).toBeGreaterThanOrEqual(3)
  await database.close()
  dying.close()
})

test('the same holds for the key store', async () => {
  const dying = await startDying(databases.keystoreAppUrl)
  const store = openKeyStore(dying.url, { connectionsMax: 1 })
  const found = await rejectionsNobodyCaught(async () => {
    await until('it answers', () =>
      store.findRecordKeys([]).then(
        () => true,
        () => false,
      ),
    )
    await until('it answers', () =>
      store.sql`select 1`.then(
        () => true,
        () => false,
      ),
    )
  })
  expect(found).toEqual([])
  await store.close()
  dying.close()
})

test('arrays come back as they went, whatever stands in their texts', async () => {
  const database = openDatabase(databases.appUrl)
  const texts = ['', 'a,b', '"{}"', '\\', 'NULL', 'é', ' ', null]
  const ids = ['0f8fad5b-d9cb-469f-a165-70867728950e']
  const [row] = await database.forNobody((tx) =>
    tx.execute(sql`select ${sql.param(texts)}::text[] as texts, ${sql.param(ids)}::uuid[] as ids, ${sql.param([])}::text[] as none,
      ${sql.param([1, -2])}::int4[] as numbers, ${sql.param([2 ** 40])}::bigint[] as big, array[true, false] as flags,
      (${sql.param(texts)}::text[])[2] as second`),
  )
  const read = { texts, ids, none: [], numbers: [1, -2], big: [String(2 ** 40)], flags: [true, false], second: 'a,b' }
  expect(row).toEqual(read)
  await database.close()
})
