/** A connection lost within a transaction: the transaction is undone and says so, and the process goes on. */
import { type SQL, sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Database, type OneStatement, openDatabase, type Tx } from '../../src/storage/database.ts'
import { isConnectionLost, isDatabaseAway } from '../../src/storage/guarded-client.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { until } from '../support/until.ts'

let databases: TestDatabases
let database: Database
let admin: ReturnType<typeof connect>

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  admin = connect(databases.superUrl)
  await admin`create table notes (word text)`
})
afterAll(async () => {
  await admin.end()
  await databases.drop()
})
beforeEach(async () => {
  await admin`truncate notes`
  // One connection: whatever comes next takes the place of the one that was lost.
  database = openDatabase(databases.superUrl, { connectionsMax: 1, statementTimeoutMs: 15_000 })
})
afterEach(() => database.close())

const note = (tx: Tx, word: string) => tx.execute(sql`insert into notes values (${word})`)
const notes = async () => (await admin<{ word: string }[]>`select word from notes order by word`).map((row) => row.word)

/** Ends the transaction's own backend from outside, and waits until our side has heard of it. */
async function cut(tx: Tx): Promise<void> {
  const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)
  await admin`select pg_terminate_backend(${row?.pid ?? 0})`
  await until(
    'the backend is gone',
    async () => (await admin`select 1 from pg_stat_activity where pid = ${row?.pid ?? 0}`).length === 0,
  )
}

/** The next transaction works: nothing of the lost one stands in its way. */
async function worksAgain(): Promise<void> {
  await database.forNobody((tx) => note(tx, 'after'))
  expect(await notes()).toEqual(['after'])
}

async function cutTwenty(run: (pool: Database, statement: SQL) => Promise<unknown>): Promise<void> {
  const pool = openDatabase(databases.superUrl, { connectionsMax: 5, statementTimeoutMs: 15_000 })
  const cutOff = () => run(pool, sql`select pg_terminate_backend(pg_backend_pid())`)
  const ends = await Promise.allSettled(Array.from({ length: 20 }, cutOff))
  for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
  await Promise.all(Array.from({ length: 20 }, (_, index) => run(pool, sql`insert into notes values (${`after ${index}`})`)))
  expect(await notes()).toHaveLength(20)
  await pool.close()
}

describe('a transaction whose connection is cut', () => {
  test('while a statement runs is undone and rejects', async () => {
    const lost = database.forNobody(async (tx) => {
      await note(tx, 'lost')
      await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`)
    })
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
    await worksAgain()
  })

  test('between two statements is undone, and its later statements go nowhere', async () => {
    const refusals: unknown[] = []
    const lost = database.forNobody(async (tx) => {
      await note(tx, 'lost')
      await cut(tx)
      for (const word of ['stray', 'stray again']) await note(tx, word).catch((cause: unknown) => refusals.push(cause))
      throw new Error('our own')
    })
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
    await until('the rest of it has run', async () => refusals.length === 2)
    await worksAgain()
  })

  test('before its commit says that it did not commit', async () => {
    const lost = database.forNobody(async (tx) => {
      await note(tx, 'lost')
      await cut(tx)
      return 'done'
    })
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
    await worksAgain()
  })

  test('sends nothing on the connection that took its place', async () => {
    let go: () => void = () => undefined
    const taken = new Promise<void>((done) => {
      go = done
    })
    let stray: unknown = null
    const lost = database.forNobody(async (tx) => {
      await note(tx, 'lost')
      await cut(tx)
      await taken
      stray = await note(tx, 'stray').then(
        () => 'was written outside any transaction',
        () => 'was refused',
      )
    })
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
    await database.forNobody(async (tx) => {
      await note(tx, 'after')
      go()
      await until('the stray statement has been tried', async () => stray !== null)
    })
    expect(stray).toBe('was refused')
    expect(await notes()).toEqual(['after'])
  })

  test('twenty at once all end, and the pool serves twenty more', () =>
    cutTwenty((pool, statement) => pool.forNobody((tx) => tx.execute(statement))))
})

describe('one statement with its commit', () => {
  const noteOne = (one: OneStatement, word: string) => one.execute(sql`insert into notes values (${word}) returning word`)

  test('is written, and answers its rows', async () => {
    expect(await database.forWorkerAtOnce(async (one) => [...(await noteOne(one, 'after'))])).toEqual([{ word: 'after' }])
    expect(await notes()).toEqual(['after'])
  })

  test('runs as the worker, and the next transaction on that connection does not', async () => {
    const scope = sql`select current_setting('passerelle.scope', true) as scope`
    expect([...(await database.forWorkerAtOnce(async (one) => one.execute(scope)))]).toEqual([{ scope: 'worker' }])
    expect([...(await database.forNobody((tx) => tx.execute(scope)))]).toEqual([{ scope: '' }])
  })

  test('that fails says why, and leaves nothing', async () => {
    const failing = database.forWorkerAtOnce((one) =>
      one.execute(sql`with w as (insert into notes values ('undone')) select 1 / (select count(*) - count(*) from notes)`),
    )
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    await worksAgain()
  })

  test('whose connection is cut while it runs is undone and rejects', async () => {
    const lost = database.forWorkerAtOnce((one) =>
      one.execute(sql`with w as (insert into notes values ('lost')) select pg_terminate_backend(pg_backend_pid())`),
    )
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
    await worksAgain()
  })

  test('whose connection is cut under its commit rejects, though the statement had answered', async () => {
    await admin.unsafe(`
      create function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
      create constraint trigger dies after insert on notes deferrable initially deferred for each row execute function die()`)
    try {
      await expect(database.forWorkerAtOnce((one) => noteOne(one, 'lost'))).rejects.toMatchObject({ code: 'unavailable' })
    } finally {
      await admin.unsafe('drop trigger dies on notes; drop function die()')
    }
    await worksAgain()
  })

  test('is one: a second is refused, and what throws before the first is thrown on', async () => {
    const twice = database.forWorkerAtOnce(async (one) => {
      await noteOne(one, 'first')
      return noteOne(one, 'second')
    })
    await expect(twice).rejects.toThrow('one statement')
    const late = database.forWorkerAtOnce(async (one) => {
      await new Promise((resume) => setImmediate(resume))
      return noteOne(one, 'late')
    })
    expect([...(await late)]).toEqual([{ word: 'late' }]) // later than it could be, and as whole
    await expect(database.forWorkerAtOnce(() => Promise.reject(new Error('our own')))).rejects.toThrow('our own')
    expect(await notes()).toEqual(['first', 'late'])
  })

  test('twenty at once all end, and the pool serves twenty more', () =>
    cutTwenty((pool, statement) => pool.forWorkerAtOnce((one) => one.execute(statement))))
})

test('a transaction used after its end is refused, whether it committed or not', async () => {
  let kept: Tx | null = null
  await database.forNobody(async (tx) => {
    kept = tx
    await note(tx, 'within')
  })
  await expect(note(kept as unknown as Tx, 'late')).rejects.toThrow()
  const undone = database.forNobody(async (tx) => {
    kept = tx
    await note(tx, 'undone')
    throw new Error('our own')
  })
  await expect(undone).rejects.toThrow('our own')
  await expect(note(kept as unknown as Tx, 'late')).rejects.toThrow()
  expect(await notes()).toEqual(['within'])
})

test('what is no loss of a connection passes through as it was thrown, and undoes the transaction', async () => {
  const own = new Error('our own')
  await expect(
    database.forNobody(async (tx) => {
      await note(tx, 'undone')
      throw own
    }),
  ).rejects.toBe(own)
  await expect(database.forNobody((tx) => tx.execute(sql`select 1 / 0`))).rejects.toMatchObject({ cause: { code: '22012' } })
  expect(await notes()).toEqual([])
})

test('a database that is not there is unavailable, and so is one that is asked too much', async () => {
  const nobody = openDatabase('postgres://passerelle_app:x@127.0.0.1:1/none')
  await expect(nobody.forNobody((tx) => tx.execute(sql`select 1`))).rejects.toMatchObject({ code: 'unavailable' })
  await nobody.close()
  const impatient = openDatabase(databases.superUrl, { connectionsMax: 1, statementTimeoutMs: 100 })
  await expect(impatient.forNobody((tx) => tx.execute(sql`select pg_sleep(30)`))).rejects.toMatchObject({ code: 'unavailable' })
  await impatient.close()
})

test('two transactions that wait for each other: one goes through, the other is told to try again', async () => {
  const pool = openDatabase(databases.superUrl, { connectionsMax: 2, statementTimeoutMs: 15_000 })
  await admin`insert into notes values ('a'), ('b')`
  const held: Array<() => void> = []
  const both = new Promise<void>((done) => held.push(done))
  let waiting = 0
  const lock = (first: string, second: string) =>
    pool.forNobody(async (tx) => {
      await tx.execute(sql`update notes set word = word where word = ${first}`)
      if (++waiting === 2) for (const go of held) go()
      await both
      await tx.execute(sql`update notes set word = word where word = ${second}`)
    })
  const ends = await Promise.allSettled([lock('a', 'b'), lock('b', 'a')])
  expect(ends.map((end) => end.status).sort()).toEqual(['fulfilled', 'rejected'])
  for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'unavailable' })
  await pool.close()
})

test('a loss is told from other errors, behind any wrapper', () => {
  const withCode = (code: string) => Object.assign(new Error(code), { code })
  for (const code of ['CONNECTION_CLOSED', 'CONNECTION_DESTROYED', 'ECONNRESET', 'EPIPE'])
    expect(isConnectionLost(new Error('wrapped', { cause: withCode(code) }))).toBe(true)
  for (const other of [withCode('23505'), withCode('UNSAFE_TRANSACTION'), new Error('x'), null, 'CONNECTION_CLOSED'])
    expect([isConnectionLost(other), isDatabaseAway(other)]).toEqual([false, false])
  for (const code of ['ECONNREFUSED', 'CONNECT_TIMEOUT', '53300', '53100', '40001', '57014'])
    expect(isDatabaseAway(new Error('wrapped', { cause: withCode(code) }))).toBe(true)
})
