/** The one commit of each change: whatever statement is the last that runs, either all of the change is there or none of it. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database, Tx } from '../../src/storage/database.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld
beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the.close())

class Died extends Error {}
const statements = new Set(['insert', 'update', 'delete', 'select', 'execute'])
type End = 'the statement is refused' | 'the connection is cut'

/** A database on which each transaction ends, in this way, when its statement number `last + 1` is about to run. */
function dyingAfter(last: number, end: End): { database: Pick<Database, 'forPharmacy' | 'forNobody'>; died: () => boolean } {
  let died = false
  const forPharmacy: Database['forPharmacy'] = (pharmacyId, run) =>
    the.database.forPharmacy(pharmacyId, async (tx) => {
      let count = 0
      const dying = new Proxy(tx, {
        get: (target, key) => {
          if (statements.has(String(key)) && ++count > last) {
            died = true
            throw new Died()
          }
          const value: unknown = Reflect.get(target, key)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
      try {
        return await run(dying)
      } catch (cause) {
        if (cause instanceof Died && end === 'the connection is cut') await cutOwn(tx)
        throw cause
      }
    })
  return { database: { forPharmacy, forNobody: the.database.forNobody }, died: () => died }
}

async function cutOwn(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`).catch(() => undefined)
}

type Change = {
  readonly name: string
  readonly writes: readonly string[]
  prepare(): Promise<(database: Pick<Database, 'forPharmacy' | 'forNobody'>) => Promise<unknown>>
}

async function captureAs(role: 'preparer' | 'pharmacist'): Promise<string> {
  const input = { fields: legalFields, idempotencyKey: newKey() }
  const result = await the.actions.captureScreening(the.person(role), input, newRequest())
  if (!result.ok) throw new Error('refused')
  return result.value.screeningId
}

const all = ['screenings', 'declarations', 'idempotency_keys', 'audit_events']

const changes: readonly Change[] = [
  {
    name: 'a capture',
    writes: all,
    prepare: async () => {
      const input = { fields: legalFields, idempotencyKey: newKey() }
      return (database) => the.withDeps({ database }).captureScreening(the.person('pharmacist'), input, newRequest())
    },
  },
  {
    name: 'a draft',
    writes: all.filter((table) => table !== 'declarations'),
    prepare: async () => {
      const input = { fields: legalFields, idempotencyKey: newKey() }
      return (database) => the.withDeps({ database }).captureScreening(the.person('preparer'), input, newRequest())
    },
  },
  {
    name: 'a signature',
    writes: all,
    prepare: async () => {
      const input = { screeningId: await captureAs('preparer'), fields: legalFields, idempotencyKey: newKey() }
      return (database) => the.withDeps({ database }).signScreening(the.person('pharmacist'), input, newRequest())
    },
  },
  {
    name: 'a correction',
    writes: all,
    prepare: async () => {
      const fields = { ...legalFields, birthName: 'CORRIGÉ' }
      const input = {
        screeningId: await captureAs('pharmacist'),
        version: 1,
        fields,
        reason: 'erreur de nom',
        idempotencyKey: newKey(),
      }
      return (database) => the.withDeps({ database }).correctScreening(the.person('pharmacist'), input, newRequest())
    },
  },
  {
    name: 'a cancellation',
    writes: all,
    prepare: async () => {
      const input = {
        screeningId: await captureAs('pharmacist'),
        version: 1,
        reason: 'saisie en double',
        idempotencyKey: newKey(),
      }
      return (database) => the.withDeps({ database }).cancelScreening(the.person('pharmacist'), input, newRequest())
    },
  },
]

/** Everything that a change could have left, row by row. */
async function everything(): Promise<string> {
  const parts = ['screenings', 'declarations', 'idempotency_keys', 'audit_events'].map(
    (table) => the.admin<{ rows: string }[]>`
      select coalesce(string_agg(t::text, E'\\n' order by t::text), '') as rows from ${the.admin(table)} t`,
  )
  return JSON.stringify(await Promise.all(parts))
}

/** No change runs this many statements; a loop that reaches it never found the end. */
const statementsMax = 30

describe.for(changes)('$name', ({ prepare, writes }) => {
  test.for<End>(['the statement is refused', 'the connection is cut'])(
    'of which %s at any point leaves nothing of itself',
    async (end) => {
      let survived = 0
      for (let last = 0; ; last++) {
        if (last > statementsMax) throw new Error('it never came to its end')
        const change = await prepare()
        const before = await everything()
        const { database, died } = dyingAfter(last, end)
        const outcome = await change(database).then(
          () => 'done',
          () => 'failed',
        )
        if (!died()) {
          expect(outcome).toBe('done')
          expect(await everything()).not.toBe(before)
          break
        }
        expect(outcome).toBe('failed')
        expect(await everything()).toBe(before)
        // The same request, sent again once the trouble is over, goes through.
        await change(the.database)
        survived++
      }
      expect(survived).toBeGreaterThanOrEqual(writes.length)
    },
  )

  test.for(writes)('that is undone by its commit, on account of %s, leaves nothing of itself', async (table) => {
    const change = await prepare()
    const before = await everything()
    await the.admin.unsafe(`
        create function fail_at_commit() returns trigger language plpgsql as $$ begin raise exception 'at commit'; end $$;
        create constraint trigger fail_at_commit after insert or update on ${table} deferrable initially deferred
          for each row execute function fail_at_commit()`)
    const outcome = await change(the.database).then(
      () => 'done',
      () => 'failed',
    )
    await the.admin.unsafe(`drop trigger fail_at_commit on ${table}; drop function fail_at_commit()`)
    expect(outcome).toBe('failed')
    expect(await everything()).toBe(before)
  })
})
