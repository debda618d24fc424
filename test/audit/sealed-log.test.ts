/** The sealed audit log: RFC 9162 trees, signed checkpoints, and what somebody with every right over the database cannot hide. */
import { spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { appendAnchor, readAnchors } from '../../src/audit/anchor-file.ts'
import { type AuditEvent, appendEvent, appendEvents } from '../../src/audit/append-event.ts'
import { exportLog } from '../../src/audit/export-log.ts'
import { sealEvents } from '../../src/audit/seal-events.ts'
import { verifyLog } from '../../src/audit/verify-log.ts'
import { createCheckpointSigner, generateCheckpointKey, openCheckpoint, parseCheckpointKey } from '../../src/crypto/checkpoint.ts'
import { appendLeaves, emptyTree, hashLeaf, rootOf } from '../../src/crypto/merkle.ts'
import { advanceCut, purgeSegments, readSealingState } from '../../src/storage/audit-log.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { connect, createTestDatabases, type TestDatabases } from '../support/database.ts'
import { until } from '../support/until.ts'

let databases: TestDatabases
let database: Database
let admin: ReturnType<typeof connect>
const signer = newSigner()
const clock = { now: () => new Date() }

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  admin = connect(databases.superUrl)
  database = openDatabase(databases.appUrl)
})
afterAll(async () => {
  await database.close()
  await admin.end()
  await databases.drop()
})
beforeEach(async () => {
  await admin`truncate audit_events, audit_segments`
  await admin`update audit_sealing set cut_seq = 0, next_cut_seq = 0, next_cut_xid = pg_current_xact_id(), next_cut_at = now() - interval '1 hour'`
})

function newSigner(origin = 'passerelle.exemple.test/audit') {
  const key = parseCheckpointKey(generateCheckpointKey())
  if (!key) throw new Error('a new key is a key')
  return createCheckpointSigner(key, origin)
}
const event = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  at: new Date(),
  actor: { kind: 'anonymous' },
  action: 'access',
  outcome: 'denied',
  code: 'not-signed-in',
  request: { requestId: randomUUID(), clientAddress: '192.0.2.7' },
  details: { tries: 2, by: 'test' },
  ...more,
})
const write = (count: number) =>
  database.forNobody((tx) =>
    appendEvents(
      tx,
      Array.from({ length: count }, () => event()),
    ),
  )
const seal = () => sealEvents({ database, signer, clock })
const verify = (anchors: readonly string[] = [], verifierKeys: readonly string[] = [signer.verifierKey]) =>
  verifyLog({ database }, { verifierKeys, anchors })
const kindsOf = async (anchors: readonly string[] = [], verifierKeys?: readonly string[]) => [
  ...new Set((await verify(anchors, verifierKeys)).problems.map(({ kind }) => kind)),
]

/** As `audit export` writes it. */
async function exportAll(): Promise<{ leaves: number; events: string; checkpoints: string }> {
  const out = { events: '', checkpoints: '' }
  const leaves = await exportLog(
    { database },
    {
      writeEvents: async (lines) => {
        out.events += lines
      },
      writeCheckpoint: async (note) => {
        out.checkpoints += note
      },
    },
  )
  return { leaves, ...out }
}

/** The verifier that needs nothing of ours. */
async function verifyOffline(folder: string, given: { events: string; checkpoints: string; keys: string }) {
  await writeFile(join(folder, 'events.jsonl'), given.events)
  await writeFile(join(folder, 'checkpoints'), given.checkpoints)
  const script = new URL('../../compose/verify-audit.mjs', import.meta.url).pathname
  const { status, stdout } = spawnSync(process.execPath, [script, folder, given.keys, join(folder, 'anchors')])
  return { status, said: stdout.toString() }
}

/** RFC 9162 §2.1.1 as it is written there: split at the largest power of two below the size. */
function rfcRoot(leaves: readonly string[]): Buffer {
  const sha256 = (...parts: (Uint8Array | string)[]) => {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0] ?? '')
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Uint8Array.of(1), rfcRoot(leaves.slice(0, split)), rfcRoot(leaves.slice(split)))
}

test('a tree grown in any sets has the root that RFC 9162 defines', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string(), { maxLength: 9 }), { maxLength: 9 }), (sets) => {
      const tree = sets.reduce((grown, set) => appendLeaves(grown, set.map(hashLeaf)), emptyTree)
      expect(rootOf(tree)).toEqual(rfcRoot(sets.flat()))
      expect(tree.size).toBe(sets.flat().length)
    }),
  )
})

test('a checkpoint opens with its verifier key, and with one byte changed anywhere it does not', () => {
  const root = createHash('sha256').update('x').digest()
  const note = signer.sign(42, root)
  expect(openCheckpoint(note, signer.verifierKey)).toEqual({ ok: true, value: { origin: signer.origin, size: 42, root } })
  for (let at = 0; at < note.length; at++) {
    const changed = note.slice(0, at) + (note[at] === 'A' ? 'B' : 'A') + note.slice(at + 1)
    expect(openCheckpoint(changed, signer.verifierKey).ok).toBe(false)
  }
  expect(openCheckpoint(note, newSigner().verifierKey)).toEqual({ ok: false, problem: 'other-key' })
})

test('the key file is an Ed25519 key in PEM, and nothing else', () => {
  expect(parseCheckpointKey('not a key')).toBeNull()
  expect(parseCheckpointKey(generateCheckpointKey())).not.toBeNull()
})

test('what was written is sealed in sets and verifies against the anchors that left the database', async () => {
  await write(700)
  await write(700)
  const first = await seal()
  expect(first).toMatchObject({ sealed: 1400, size: 1400 })
  await write(3)
  const second = await seal()
  expect(second).toMatchObject({ sealed: 3, size: 1403 })
  const report = await verify([first.checkpoint ?? '', second.checkpoint ?? ''])
  expect(report).toEqual({ events: 1403, purged: 0, segments: 3, anchors: 2, waiting: 0, problems: [] })
})

test('an event whose transaction commits late is sealed after those with higher numbers, and none is left out', async () => {
  const held = Promise.withResolvers<void>()
  const written = Promise.withResolvers<void>()
  const late = database.forNobody(async (tx) => {
    await appendEvent(tx, event({ code: 'late' }))
    written.resolve()
    await held.promise
  })
  await written.promise
  await write(5)
  expect(await seal()).toMatchObject({ sealed: 5 })
  for (let run = 0; run < 3; run++) {
    await database.forWorker(advanceCut)
    await admin`update audit_sealing set next_cut_at = now() - interval '1 hour'`
  }
  held.resolve()
  await late
  expect(await seal()).toMatchObject({ sealed: 1, size: 6 })
  expect((await verify()).problems).toEqual([])
})

test('sealers at the same time, with writers at the same time, seal each event once', async () => {
  let writing = true
  const writers = Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let at = 0; at < 20; at++) await write(5)
    }),
  ).then(() => {
    writing = false
  })
  const sealer = async () => {
    while (writing) await seal()
  }
  await Promise.all([writers, sealer(), sealer(), sealer()])
  await until('all is sealed', async () => (await seal()).size === 600)
  expect(await verify()).toMatchObject({ events: 600, waiting: 0, problems: [] })
})

test.for([
  ['edited', 'edits an event', (seq: number) => admin`update audit_events set code = 'nothing-to-see' where seq = ${seq}`],
  [
    'edited',
    'moves an event in time',
    (seq: number) => admin`update audit_events set at = at - interval '1 us' where seq = ${seq}`,
  ],
  [
    'edited',
    'edits a detail',
    (seq: number) => admin`update audit_events set details = '{"tries": 3, "by": "test"}' where seq = ${seq}`,
  ],
  ['deleted', 'deletes an event', (seq: number) => admin`delete from audit_events where seq = ${seq}`],
  ['deleted', 'deletes every event', () => admin`truncate audit_events`],
] as const)('%s: whoever %s behind the log’s back is found out', async ([kind, , attack]) => {
  await write(30)
  await seal()
  const [row] = await admin<{ seq: number }[]>`select min(seq)::int + 11 as seq from audit_events`
  await attack(row?.seq ?? 0)
  expect(await kindsOf()).toEqual([kind])
})

test('an event put in where all had been sealed is found', async () => {
  await write(30)
  await seal()
  for (let run = 0; run < 2; run++) {
    await admin`update audit_sealing set next_cut_at = now() - interval '1 hour'`
    await database.forWorker(advanceCut)
  }
  await admin`insert into audit_events (seq, at, actor_kind, action, outcome) overriding system value
    values (-5, now() - interval '3 days', 'anonymous', 'access', 'denied')`
  expect(await seal()).toMatchObject({ sealed: 0 })
  expect(await kindsOf()).toEqual(['inserted'])
})

test('whoever rewrites the whole log with the stolen key is found out by an anchor', async () => {
  await write(10)
  const { checkpoint } = await seal()
  await admin`truncate audit_segments`
  await admin`update audit_sealing set cut_seq = 0, next_cut_seq = 0`
  await admin`update audit_events set code = 'nothing-to-see' where seq = (select min(seq) from audit_events)`
  await seal()
  expect(await kindsOf()).toEqual([])
  expect(await kindsOf([checkpoint ?? ''])).toEqual(['rewritten'])
})

test('whoever cuts off the end, or puts back an old copy, is found out by an anchor', async () => {
  await write(10)
  await seal()
  await write(10)
  const { checkpoint } = await seal()
  await admin`delete from audit_events where seq > (select max(seqs[10]) from audit_segments where first_index = 0)`
  await admin`delete from audit_segments where first_index = 10`
  expect(await kindsOf()).toEqual([])
  expect(await kindsOf([checkpoint ?? ''])).toEqual(['truncated'])
})

test('segments with another key’s signature, out of order, or taken out are found', async () => {
  await write(10)
  await seal()
  await write(10)
  await sealEvents({ database, signer: newSigner(), clock })
  expect(await kindsOf()).toEqual(['unsigned'])
  await admin`update audit_segments set seqs[1] = seqs[2], seqs[2] = seqs[1] where first_index = 0`
  expect(await kindsOf()).toEqual(['edited', 'unsigned'])
  await admin`delete from audit_segments where first_index = 0`
  expect(await kindsOf()).toEqual(['broken'])
})

test('a key that was renewed, or an address that changed, leaves what was sealed before verifiable; the retired key signs nothing after', async () => {
  const former = newSigner('ancienne.exemple.test/audit')
  const both = [former.verifierKey, signer.verifierKey]
  await write(10)
  const { checkpoint } = await sealEvents({ database, signer: former, clock })
  await write(10)
  await seal()
  expect(await kindsOf([checkpoint ?? ''], both)).toEqual([])
  expect(await kindsOf()).toEqual(['unsigned'])
  expect(await kindsOf([], [...both].reverse())).toEqual(['unsigned'])
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-log-'))
  try {
    const offline = async (keys: readonly string[]) =>
      (await verifyOffline(folder, { ...(await exportAll()), keys: keys.join(',') })).status
    expect([await offline(both), await offline([signer.verifierKey]), await offline([...both].reverse())]).toEqual([0, 1, 1])
    await write(10)
    await sealEvents({ database, signer: former, clock })
    expect(await kindsOf([], both)).toEqual(['unsigned'])
    expect(await offline(both)).toBe(1)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('old segments leave whole, their hashes stay and the log still verifies; younger ones cannot be made to go', async () => {
  await write(5)
  const { checkpoint: first } = await seal()
  await write(5)
  await seal()
  await admin`update audit_segments set last_at = now() - interval '400 days' where first_index = 0`
  const purge = (olderThanDays: number) => database.forWorker((tx) => purgeSegments(tx, { olderThanDays, segmentsMax: 10 }))
  await expect(purge(179)).rejects.toThrow()
  expect(await purge(365)).toBe(5)
  expect(await purge(365)).toBe(0)
  expect(await verify([first ?? ''])).toMatchObject({ events: 5, purged: 5, problems: [] })
})

test('the application can neither change nor delete a segment, nor read the log outside the worker’s scope', async () => {
  await write(2)
  await seal()
  const app = connect(databases.appUrl)
  await expect(app`update audit_segments set checkpoint = ''`).rejects.toThrow('permission denied')
  await expect(app`delete from audit_segments`).rejects.toThrow('permission denied')
  await expect(app`delete from audit_events`).rejects.toThrow('permission denied')
  expect(await app`select * from audit_events`).toEqual([])
  await app.end()
})

test('an export verifies offline with the small verifier that stands alone, and one changed byte of it does not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-export-'))
  try {
    await write(600)
    await write(600)
    const { checkpoint } = await seal()
    await write(3)
    await seal()
    const out = await exportAll()
    expect(out.leaves).toBe(1203)
    await appendAnchor(join(folder, 'anchors'), checkpoint ?? '')
    const run = (events: string) => verifyOffline(folder, { ...out, events, keys: signer.verifierKey })
    expect(await run(out.events)).toEqual({
      status: 0,
      said: '1203 events, 3 checkpoints, 1 anchors: nothing was changed\n',
    })
    expect((await run(out.events.replace('not-signed-in', 'not-signed-up'))).status).toBe(1)
    expect((await run(out.events.split('\n').slice(1).join('\n'))).status).toBe(1)
    expect((await run(out.events.split('\n').slice(0, 900).join('\n'))).said).toContain(
      'an anchor knows 1200 events, there are 900',
    )
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('how far the seal is behind can be asked', async () => {
  await write(4)
  const state = await database.forWorker(readSealingState)
  expect(state).toMatchObject({ unsealed: 4, size: 0 })
  expect(state.oldestUnsealedAgeMs).toBeGreaterThanOrEqual(0)
  await seal()
  expect(await database.forWorker(readSealingState)).toEqual({ unsealed: 0, oldestUnsealedAgeMs: null, size: 4 })
})

test('anchors are appended, and one that a crash cut short does not hide the others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'passerelle-anchor-'))
  try {
    const path = join(folder, 'anchors')
    const notes = [signer.sign(1, hashLeaf('a')), signer.sign(2, hashLeaf('b'))]
    for (const note of notes) await appendAnchor(path, note)
    await writeFile(path, (await readFile(path, 'utf8')) + notes[0]?.slice(0, -20))
    expect(await readAnchors(path)).toEqual(notes)
  } finally {
    await rm(folder, { recursive: true })
  }
})
