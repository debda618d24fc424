/** kill -9 for real, on either side of the capture's commit: the client was told nothing, and sends the same again. */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { GatewayProcess } from '../demo/processes.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

let stack: Stack
let sql: postgres.Sql
let gateway: GatewayProcess
let browser: HeadlessBrowser
const heldLock = 7_001

beforeAll(async () => {
  stack = await startTestStack()
  gateway = stack.gateway
  sql = postgres(stack.superUrl, { max: 3, onnotice: () => undefined })
  // Long before a standby is asked for below: a session that had not heard of it yet would wait for that standby for ever.
  await sql`alter system set synchronous_commit = 'local'`
  await sql`select pg_reload_conf()`
  browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
}, 120_000)

afterAll(async () => {
  await sql?.end({ timeout: 5 })
  await stack?.close()
}, 60_000)

const newForm = () => ({
  ...demoCaptures(1, parisDateTimeLocal(new Date()))[0],
  seenDuplicates: 'all',
  idempotencyKey: randomUUID(),
})
const send = (form: Record<string, string>) =>
  browser.send(`${stack.url}/depistages/nouveau`, { form, headers: { origin: stack.url, 'sec-fetch-site': 'same-origin' } })
const waitsFor = (event: string) => async () =>
  (await sql`select from pg_stat_activity where usename = 'passerelle_app' and wait_event = ${event}`).length > 0
/** Whether a commit that asks for a standby waits for one: this one's own wait is cut short. */
async function commitsWait(): Promise<boolean> {
  let waited = false
  let ended = false
  const probe = sql.begin(async (tx) => {
    await tx`set local synchronous_commit = 'on'`
    await tx`select pg_logical_emit_message(true, 'probe', '')`
  })
  void probe.then(() => (ended = true))
  await until('the probe has committed', async () => {
    const cancelled = await sql`
      select pg_cancel_backend(pid) from pg_stat_activity where usename = current_user and wait_event = 'SyncRep'`
    waited ||= cancelled.length > 0
    return ended
  })
  return waited
}
const count = async () => (await sql`select count(*)::int as count from screenings`)[0]?.['count']

async function kill(): Promise<void> {
  gateway.child.kill('SIGKILL')
  expect(await gateway.exited).toBe('SIGKILL')
}

/** The same again, to the gateway that came after: stored once, in effect once. */
async function sendAgain(form: Record<string, string>, storedInAll: number): Promise<void> {
  gateway = await stack.startGateway()
  const answer = await send(form)
  expect(answer.status).toBe(303)
  const [, screeningId = ''] = /^\/depistages\/([0-9a-f-]{36})/.exec(answer.headers.get('location') ?? '') ?? []
  expect(await count()).toBe(storedInAll)
  const find = async () =>
    (await sql`select state, control_id as "controlId" from declarations where screening_id = ${screeningId}`)[0]
  await until('a receipt', async () => (await find())?.['state'] === 'accepted')
  const controlId = (await find())?.['controlId']
  expect(stack.sidep.received().filter((one) => one.controlId === controlId)).toMatchObject([{ taken: 1 }])
}

test('a gateway killed before the commit of a capture leaves nothing of it; sent again, it is stored and forwarded once', async () => {
  await sql.unsafe(`
    create function wait_in_capture() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock(${heldLock}); return null; end $$;
    create trigger wait_in_capture after insert on declarations for each row execute function wait_in_capture()`)
  const holder = await sql.reserve()
  await holder`select pg_advisory_lock(${heldLock})`
  const form = newForm()
  const answered = send(form).then(
    () => true,
    () => false,
  )
  await until('the capture has written, and not yet committed', waitsFor('advisory'))
  await kill()
  expect(await answered).toBe(false)
  await holder`select pg_advisory_unlock(${heldLock})`
  holder.release()
  await sql.unsafe('drop trigger wait_in_capture on declarations; drop function wait_in_capture()')
  expect(await count()).toBe(0)
  await sendAgain(form, 1)
}, 120_000)

test('a gateway killed after the commit of a capture, before it could tell, leaves it stored and forwarded; sent again, it is the same one', async () => {
  // The capture's commit alone waits for a standby that never comes: it is done, and its gateway has not heard of it.
  await sql.unsafe(`
    create function wait_after_commit() returns trigger language plpgsql as $$
      begin perform set_config('synchronous_commit', 'on', true); return null; end $$;
    create trigger wait_after_commit after insert on declarations for each row execute function wait_after_commit()`)
  await sql`alter system set synchronous_standby_names = 'nobody'`
  await sql`select pg_reload_conf()`
  await until('commits wait for the standby', commitsWait)
  const form = newForm()
  const answered = send(form).then(
    () => true,
    () => false,
  )
  await until('the capture has committed', waitsFor('SyncRep'))
  await kill()
  expect(await answered).toBe(false)
  await sql.unsafe('alter system reset synchronous_standby_names')
  await sql`select pg_reload_conf()`
  await until('it is there', async () => (await count()) === 2)
  await sql.unsafe('drop trigger wait_after_commit on declarations; drop function wait_after_commit()')
  await until('it went its way', async () => (await sql`select from declarations where state <> 'accepted'`).length === 0)
  await sendAgain(form, 2)
}, 120_000)
