/** `queue …` as an operator types it, against a real database: previews, exit codes, second persons, and no patient in sight. */
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { queueCommand } from '../../src/commands/queue.ts'
import { releaseRetriesJob } from '../../src/queue/release-retries.ts'
import { type ActionsWorld, legalFields, newKey, newRequest, openActionsWorld } from '../support/actions-fixture.ts'

let the: ActionsWorld

beforeAll(async () => {
  the = await openActionsWorld()
})
afterAll(() => the?.close())
beforeEach(async () => {
  for (const table of [
    'retry_batch_items',
    'retry_batches',
    'received_by_hand',
    'attempts',
    'declarations',
    'screenings',
    'audit_events',
  ])
    await the.admin`delete from ${the.admin(table)}`
})

/** Types a command; `meanwhile` runs at each look of a retry that is followed. */
async function type(
  line: readonly string[],
  meanwhile: () => Promise<unknown> = async () => undefined,
  configured: (id: string) => boolean = () => true,
): Promise<{ code: unknown; out: string }> {
  const out: string[] = []
  const command = queueCommand(
    () => ({
      database: the.database,
      clock: { now: () => new Date() },
      newId: randomUUID,
      destinations: the.destinations
        .filter((one) => configured(one.id))
        .map((one) => ({ ...one, deduplicates: 'none' as const })),
      aloneMax: 2,
      silenceMs: 900_000,
      wait: meanwhile,
      openKeyRing: () => the.keyRing,
      close: async () => undefined,
    }),
    (text) => out.push(text),
  )
  const before = process.exitCode
  process.exitCode = 0
  try {
    await command.exitOverride().parseAsync([...line], { from: 'user' })
    return { code: process.exitCode, out: out.join('\n') }
  } finally {
    process.exitCode = before ?? 0
  }
}

async function stopped(code: string, options: { ambiguous?: boolean; state?: 'parked' | 'rejected' } = {}): Promise<string> {
  const done = await the.actions.captureScreening(
    the.person('pharmacist'),
    { fields: legalFields, idempotencyKey: newKey() },
    newRequest(),
  )
  if (!done.ok) throw new Error('captured')
  const { ambiguous = false, state = 'parked' } = options
  const [row] =
    await the.admin`update declarations set state = ${state}, code = ${code}, settled_at = ${state === 'rejected' ? new Date() : null}
    where screening_id = ${done.value.screeningId} and destination = 'sidep' returning id, pharmacy_id`
  await the.admin`insert into attempts (declaration_id, epoch, pharmacy_id, worker, started_at, ended_at, outcome, code)
    values (${row?.id}, 1, ${row?.pharmacy_id}, 'w', now(), now(), ${ambiguous ? 'ambiguous' : 'transient'}, ${code})`
  return row?.id
}

const stateOf = async (id: string) => (await the.admin`select state from declarations where id = ${id}`)[0]?.state
const release = () => {
  const job = releaseRetriesJob({
    database: the.database,
    clock: { now: () => new Date() },
    randomBytes,
    isConfigured: () => true,
  })
  return the.admin`update retry_batches set paced_from = now() - interval '10 s' where state = 'running'`.then(() =>
    job.run(new AbortController().signal),
  )
}

test('list says counts by reason and one line each, with ids and codes and nothing of a patient', async () => {
  expect(await type(['list'])).toEqual({ code: 2, out: 'nothing has stopped' })
  const id = await stopped('answer-lost', { ambiguous: true })
  await stopped('busy')
  const { code, out } = await type(['list'])
  expect(code).toBe(0)
  expect(out).toContain('1 parked at sidep: answer-lost, 1 doubtful')
  expect(out).toContain(id)
  expect(out).not.toMatch(/N'GUYEN|Ðorđe|1979|279035121518989/)
  expect((await type(['list', '--code', 'busy'])).out).not.toContain(id)
  expect((await type(['list', '--since', '2030-01-01'])).code).toBe(2)
  expect((await type(['list', '--since', '1h', '--pharmacy', '750023459'])).code).toBe(0)
  expect((await type(['list', '--pharmacy', '130000011'])).code).toBe(2)
})

test('what is mistyped is refused with a sentence, and nothing is done', async () => {
  for (const [line, says] of [
    [['list', '--state', 'queued'], '--state: expected parked or rejected'],
    [['list', '--code', 'nothing'], '--code: expected one of'],
    [['list', '--since', 'yesterday'], '--since: expected YYYY-MM-DD'],
    [['list', '--limit', '0'], '--limit: expected a whole number'],
    [['list', '--pharmacy', '999'], 'no pharmacy has this FINESS number'],
    [['retry', '--rate', '51/s'], '--rate: expected a number above 0'],
    [['retry', '--rate', '5/m'], '--rate: expected a number above 0'],
    [['retry', '--as', 'Jean Martin'], '--as: expected a name'],
    [['show', 'x'], 'that is no declaration id'],
    [['stop', 'x'], 'that is no batch id'],
  ] as const)
    await expect(type(line)).rejects.toThrow(says)
})

test('retry only says what it would send until it is told --yes, and then is followed to its end', async () => {
  const id = await stopped('busy')
  const preview = await type(['retry', '--destination', 'sidep'])
  expect(preview).toMatchObject({ code: 0, out: expect.stringContaining('would send again 1 declarations at 5 a second') })
  expect((await type(['retry', '--yes', '--dry-run'])).out).toContain('would send again')
  expect(await stateOf(id)).toBe('parked')
  const done = await type(['retry', '--yes', '--as', 'alix'], release)
  expect(done).toMatchObject({ code: 0, out: expect.stringContaining('done, 1 of 1 released') })
  expect(await stateOf(id)).toBe('queued')
  const events = (await the.events()).filter((one) => one.action.startsWith('retry-batch') || one.action === 'declaration.retry')
  expect(events.map((one) => one.action)).toEqual(['retry-batch.request', 'declaration.retry', 'retry-batch.end'])
  expect(events[0]?.details).toMatchObject({ operator: 'alix', by: 'command-line', chosen: 1 })
  expect(await type(['retry', '--yes'])).toMatchObject({ code: 2, out: 'nothing to send again' })
})

test('what the destination may hold is left out unless asked for by its name, and what was refused is never taken along', async () => {
  await stopped('answer-lost', { ambiguous: true })
  const refused = await stopped('table-value', { state: 'rejected' })
  expect(await type(['retry', '--yes'])).toMatchObject({
    code: 2,
    out: expect.stringContaining('1 may be at the destination already'),
  })
  expect((await type(['retry', '--including-doubtful'])).out).toContain('would send again 1 declarations')
  expect((await type(['retry', '--state', 'rejected', '--yes', '--no-follow'])).code).toBe(0)
  await release()
  expect(await stateOf(refused)).toBe('queued')
})

test('what was refused because the destination holds it already is not sent again by its code alone', async () => {
  const held = await stopped('duplicate-key', { state: 'rejected' })
  expect((await type(['list'])).out).toMatch(/1 rejected at sidep: duplicate-key, 1 doubtful.*may-be-there/s)
  const line = ['retry', '--state', 'rejected', '--code', 'duplicate-key', '--yes', '--no-follow']
  expect(await type(line)).toMatchObject({ code: 2, out: expect.stringContaining('1 may be at the destination already') })
  const before = (await the.admin`select control_id from declarations where id = ${held}`)[0]
  expect((await type([...line, '--including-doubtful'])).code).toBe(0)
  await release()
  expect((await the.admin`select state, control_id from declarations where id = ${held}`)[0]).toEqual({
    state: 'queued',
    ...before,
  })
})

test('of a destination that left the configuration list shows what is queued, retry leaves out what stopped, and mark-received ends both', async () => {
  const withoutSidep = (line: readonly string[]) => type(line, undefined, (id) => id !== 'sidep')
  const parked = await stopped('busy')
  const queued = await stopped('answer-lost', { ambiguous: true })
  await the.admin`update declarations set state = 'queued' where id = ${queued}`
  const wayOut = 'put it back into the configuration, or, of each that it holds, queue mark-received'
  const { code, out } = await withoutSidep(['list'])
  expect(code).toBe(0)
  expect(out).toContain(`queued for a destination that is not configured: ${wayOut}`)
  expect(out).toMatch(new RegExp(`^${queued}  queued  sidep  .*  may-be-there$`, 'm'))
  expect((await type(['list'])).out).not.toContain(queued)
  expect((await withoutSidep(['list', '--code', 'busy'])).out).not.toContain(queued)
  expect(await withoutSidep(['retry', '--yes'])).toEqual({
    code: 1,
    out: `1 parked at sidep are left out, it is not configured: ${wayOut}\nnothing to send again`,
  })
  expect(await stateOf(parked)).toBe('parked')
  const mark = (id: string) => ['mark-received', id, '--reason', 'vu au portail', '--as', 'alix', '--yes']
  expect((await type(mark(queued))).code).toBe(2)
  expect(await stateOf(queued)).toBe('queued')
  for (const id of [parked, queued]) {
    expect((await withoutSidep(mark(id))).code).toBe(0)
    expect(await stateOf(id)).toBe('received')
  }
  const told = (await the.events()).filter((one) => one.action === 'declaration.mark-received')
  expect(told.map((one) => one.details['was'])).toEqual(['parked', 'queued'])
})

test('more than the bound waits for a second person under another name; status shows it, stop ends it', async () => {
  for (let n = 0; n < 3; n++) await stopped('busy')
  const asked = await type(['retry', '--yes', '--as', 'alix'])
  expect(asked.code).toBe(3)
  const batch = /batch (\S+):/.exec(asked.out)?.[1] ?? ''
  expect((await type(['approve', batch, '--as', 'alix'])).code).toBe(1)
  expect((await type(['status', batch])).out).toContain('waiting, 0 of 3')
  expect((await type(['approve', batch, '--as', 'zoe'])).code).toBe(0)
  expect((await type(['status'])).out).toContain('running, 0 of 3')
  expect((await type(['stop', batch, '--as', 'zoe'])).code).toBe(0)
  expect((await type(['stop', batch])).code).toBe(1)
  await release()
  expect(await the.admin`select 1 from declarations where state = 'parked'`).toHaveLength(3)
})

test('a small retry after others of the same person waits too, and says why before and after --yes', async () => {
  for (let n = 0; n < 3; n++) await stopped('busy')
  const line = ['retry', '--limit', '2', '--no-follow', '--as', 'alix']
  expect(await type([...line, '--yes'])).toMatchObject({ code: 0, out: expect.not.stringContaining('second person') })
  await release()
  const why = 'more than 2 within a day, with the 2 that alix has sent again alone'
  expect((await type(line)).out).toContain(`${why}: a second person must approve; run again with --yes`)
  expect(await type([...line, '--yes'])).toMatchObject({ code: 3, out: expect.stringContaining(`${why}: it waits for a second`) })
  expect((await type(['retry', '--yes', '--no-follow', '--as', 'zoe'])).code).toBe(0)
})

test('mark-received is a preview first, then ends it with the operator’s name and a sealed reason', async () => {
  const id = await stopped('answer-lost', { ambiguous: true })
  const line = ['mark-received', id, '--reason', 'vu au portail, dossier 12', '--as', 'alix']
  expect((await type(line)).out).toContain('would end it as received by hand, for good')
  expect(await stateOf(id)).toBe('parked')
  expect((await type([...line, '--yes'])).code).toBe(0)
  expect(await stateOf(id)).toBe('received')
  const [kept] = await the.admin`select operator, decided_by, reason from received_by_hand where declaration_id = ${id}`
  expect(kept).toMatchObject({ operator: 'alix', decided_by: null })
  expect(Buffer.from(kept?.reason).toString('utf8')).not.toContain('portail')
  expect((await type([...line, '--yes'])).code).toBe(2)
  await expect(type(['mark-received', id, '--reason', ' ', '--yes'])).rejects.toThrow('--reason: required')
  expect((await type(['show', id])).out).toContain('state: received')
})
