/** A PostgreSQL client whose transactions end cleanly when their connection is lost, instead of ending the process. */
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { assert } from '../base/assert.ts'

const lossCodes = new Set(['CONNECTION_CLOSED', 'CONNECTION_DESTROYED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])
/** Not to be reached; a statement past its time; deadlock and serialisation, of which one side is undone to be tried again. */
const awayCodes = new Set([
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'CONNECT_TIMEOUT', 'CONNECTION_ENDED'],
  ...['57014', '55P03', '40P01', '40001'],
])
/** What the text of a statement begins with that is parsed once a connection and kept: one of few texts, run over and over. */
export const keptStatement = '/* kept */'
/** The server's close follows its last word at once; past this the connection is taken to live after all. */
const closeAwaitedMs = 5_000

/** `over`: nothing may be sent any more. `told`: `begin` has settled, so that the driver waits for nothing either. */
type Transaction = { begun: boolean; over: boolean; told: boolean }

/**
 * postgres.js (3.4.9, its issue 1208) answers a lost connection with a ROLLBACK on the dead socket, which throws where nobody
 * can catch it; and it sends later statements of that transaction on whatever connection took the dead one's place, outside
 * any transaction (its pull request 1155). Here a transaction that lost its connection, or has ended, sends nothing more:
 * `begin` rejects, and so does every further use of its handle.
 *
 * A transaction of which nothing has run is begun again: the driver also tells the last words of a dead connection to
 * whoever is first on the new one. Each of the pool's connections can do so once, hence the bound.
 */
export function guardTransactions(client: Sql): Sql {
  const triesMax = client.options.max + 1
  const begin = async (run: (sql: TransactionSql) => Promise<unknown>): Promise<unknown> => {
    for (let tries = 1; ; tries++) {
      const transaction: Transaction = { begun: false, over: false, told: false }
      try {
        return await client.begin((sql) => {
          transaction.begun = true
          return untilLost(run(guardStatements(sql, transaction)), transaction)
        })
      } catch (cause) {
        if (transaction.begun || tries >= triesMax || !isConnectionLost(cause)) throw cause
      } finally {
        transaction.over = true
        transaction.told = true
      }
    }
  }
  return new Proxy(client, {
    get: (target, key) => (key === 'begin' ? begin : Reflect.get(target, key)),
  })
}

/** True for the end of a connection, as postgres.js, the server or the network says it, behind any number of wrappers. */
export function isConnectionLost(cause: unknown): boolean {
  return someCause(cause, (error, code) =>
    error instanceof postgres.PostgresError ? error.severity === 'FATAL' || error.severity === 'PANIC' : lossCodes.has(code),
  )
}

/** True where the database cannot do anything now and may be able to later: away, full, overloaded, or at odds with itself. */
export function isDatabaseAway(cause: unknown): boolean {
  return isConnectionLost(cause) || someCause(cause, (_, code) => awayCodes.has(code) || code.startsWith('53'))
}

function someCause(cause: unknown, holds: (error: Error, code: string) => boolean): boolean {
  let error = cause
  for (let depth = 0; error instanceof Error && depth < 10; depth++) {
    if (holds(error, 'code' in error ? String(error.code) : '')) return true
    error = error.cause
  }
  return false
}

function guardStatements(sql: TransactionSql, transaction: Transaction): TransactionSql {
  return new Proxy(sql, {
    apply: (target, self, given) => {
      assert(!transaction.over, 'a transaction that has ended takes no statement')
      return Reflect.apply(target, self, given)
    },
    get: (target, key) => {
      if (key === 'savepoint') assert(false, 'a transaction has no savepoints')
      if (key !== 'unsafe') return Reflect.get(target, key)
      return (...given: Parameters<TransactionSql['unsafe']>) => {
        assert(!transaction.over, 'a transaction that has ended takes no statement')
        const [text, values] = given
        return watched(target.unsafe(text, values, { prepare: text.startsWith(keptStatement) }), transaction)
      }
    },
  })
}

/** Notes a loss before whoever awaits the statement learns of it, so that what they do next is refused. */
function watched(statement: ReturnType<TransactionSql['unsafe']>, transaction: Transaction) {
  statement.then(undefined, (cause: unknown) => {
    if (isConnectionLost(cause)) transaction.over = true
  })
  return statement
}

/** What `run` comes to; once the connection is lost, nothing at all: `begin` hears of the loss by itself, and rejects. */
async function untilLost<Value>(run: Promise<Value>, transaction: Transaction): Promise<Value> {
  let lost: unknown = null
  try {
    const value = await run
    if (!transaction.over) return value
  } catch (cause) {
    if (!transaction.over && !isConnectionLost(cause)) throw cause
    lost = cause
  }
  transaction.over = true
  return new Promise((_, failed) => {
    const timer = setTimeout(() => {
      if (!transaction.told) failed(lost)
    }, closeAwaitedMs)
    timer.unref()
  })
}
