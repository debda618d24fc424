import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { getSeedPerson, pontNeuf } from '../simulators/pro-sante-connect/people.ts'
import { connect } from '../support/database.ts'
import { type AuthWorld, openAuthWorld, pharmacyIds } from './auth-world.ts'

let world: AuthWorld
beforeAll(async () => {
  world = await openAuthWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  world.resetClock()
  world.events.length = 0
})

const minute = 60_000
const find = (token: string) => world.auth.findSession(token, world.request())

describe('how long a session lasts', () => {
  test('one that is not used for the idle time is over, with its trace and without its ID token', async () => {
    const token = await world.sessionOf('titulaire')
    const session = await find(token)
    world.advance(15 * minute - 1000)
    expect(await find(token)).not.toBeNull()
    world.advance(15 * minute)
    expect(await find(token)).toBeNull()
    expect(await rowOf(session?.sessionId)).toMatchObject({ end_reason: 'idle', sealed_id_token: null })
    expect(await endTraces(session?.sessionId)).toMatchObject([
      { code: 'idle', outcome: 'done', pharmacy_id: pharmacyIds.pontNeuf },
    ])
    // Coming back a second time neither revives it nor traces it again.
    expect(await find(token)).toBeNull()
    expect(await endTraces(session?.sessionId)).toHaveLength(1)
  })

  test('one that is used all the time is over after four hours', async () => {
    const token = await world.sessionOf('titulaire')
    const session = await find(token)
    for (let minutes = 0; minutes < 230; minutes += 10) {
      world.advance(10 * minute)
      expect(await find(token)).not.toBeNull()
    }
    world.advance(10 * minute)
    expect(await find(token)).toBeNull()
    expect(await rowOf(session?.sessionId)).toMatchObject({ end_reason: 'expired' })
  })

  test('one lasts no longer than the four hours since the person proved who they are at Pro Santé Connect', async () => {
    const browser = world.browser()
    await world.sessionOf('titulaire', { browser })
    // Three hours later the same browser needs no card: Pro Santé Connect still knows it, since three hours.
    world.advance(180 * minute)
    const session = await find(await world.sessionOf('titulaire', { browser }))
    const lastsMs = (session?.expiresAt.getTime() ?? 0) - Date.now()
    expect(lastsMs).toBeLessThanOrEqual(240 * minute)
    expect(lastsMs).toBeGreaterThan(239 * minute)
  })

  test('being seen is written once a minute, not at every request', async () => {
    const token = await world.sessionOf('titulaire')
    const session = await find(token)
    const first = await rowOf(session?.sessionId)
    world.advance(59_000)
    await find(token)
    expect((await rowOf(session?.sessionId))?.last_seen_at).toEqual(first?.last_seen_at)
    world.advance(2_000)
    await find(token)
    expect((await rowOf(session?.sessionId))?.last_seen_at).not.toEqual(first?.last_seen_at)
  })

  test('those that nobody comes back to are swept when others sign in, and their ID tokens with them', async () => {
    const idle = await find(await world.sessionOf('titulaire'))
    world.advance(16 * minute)
    await world.auth.beginSignIn(world.request())
    expect(await rowOf(idle?.sessionId)).toMatchObject({ end_reason: 'idle', sealed_id_token: null })
    const old = await find(await world.sessionOf('preparateur'))
    world.advance(241 * minute)
    await world.auth.beginSignIn(world.request())
    expect(await rowOf(old?.sessionId)).toMatchObject({ end_reason: 'expired', sealed_id_token: null })
    expect(await endTraces(old?.sessionId)).toHaveLength(1)
  })

  test('sign-ins that were never ended are swept', async () => {
    await query('delete from sign_ins')
    await world.auth.beginSignIn(world.request())
    world.advance(11 * minute)
    await world.auth.beginSignIn(world.request())
    const [row] = await query('select count(*)::int as n from sign_ins')
    expect(row).toEqual({ n: 1 })
  })

  test('limits beyond those of Pro Santé Connect are refused at start', () => {
    expect(() => world.openAnother({ sessions: { idleMinutes: 15, absoluteMinutes: 241 } })).toThrow()
    expect(() => world.openAnother({ sessions: { idleMinutes: 31, absoluteMinutes: 240 } })).toThrow()
  })
})

describe('what ends a session at once', () => {
  test('a sign-out: the same token is nobody in the next request, in every process, and a second sign-out goes nowhere', async () => {
    const token = await world.sessionOf('titulaire')
    const session = await find(token)
    expect(await world.auth.signOut(token, world.request())).toMatchObject({ redirectTo: expect.any(String) })
    expect(await find(token)).toBeNull()
    expect(await world.openAnother().findSession(token, world.request())).toBeNull()
    expect(await world.auth.chooseActivity(token, pharmacyIds.pontNeuf, world.request())).toEqual({
      ok: false,
      problem: 'not-found',
    })
    expect(await world.auth.signOut(token, world.request())).toEqual({ redirectTo: null })
    expect(await rowOf(session?.sessionId)).toMatchObject({ end_reason: 'signed-out', sealed_id_token: null })
    const traced = await query(
      `select action, professional_id from audit_events where object_id = '${session?.sessionId}' order by seq`,
    )
    expect(traced.map((one) => one.action)).toEqual(['sign-in', 'sign-out'])
    expect(traced[1]?.professional_id).toBe(session?.professionalId)
  })

  test('a new sign-in in the same browser replaces the session, and its token is a new one', async () => {
    const first = await world.sessionOf('titulaire')
    const before = await find(first)
    const second = await world.sessionOf('titulaire', { previousSessionToken: first })
    expect(second).not.toBe(first)
    expect(await find(first)).toBeNull()
    expect(await rowOf(before?.sessionId)).toMatchObject({ end_reason: 'replaced' })
    expect(await find(second)).not.toBeNull()
  })

  test('sessions in two browsers live side by side', async () => {
    const [one, other] = [await world.sessionOf('titulaire'), await world.sessionOf('titulaire')]
    await world.auth.signOut(one, world.request())
    expect(await find(other)).not.toBeNull()
  })

  test('a role that Pro Santé Connect takes away ends the sessions that still have it', async () => {
    const token = await world.sessionOf('adjointe')
    const session = await find(token)
    await withoutFirstActivity('adjointe', async () => {
      expect(await world.signIn('adjointe')).toMatchObject({ ok: true, value: { role: 'pharmacist' } })
    })
    expect(await find(token)).toBeNull()
    expect(await rowOf(session?.sessionId)).toMatchObject({ end_reason: 'revoked' })
    expect(await endTraces(session?.sessionId)).toMatchObject([{ code: 'revoked' }])
  })
})

describe('who is who', () => {
  test('a person is known by RPPS: a new name at Pro Santé Connect is the same professional, and is reported', async () => {
    const before = await find(await world.sessionOf('preparateur'))
    await query(`update professionals set subject = 'f:another-storage:899900000045' where rpps = '99900000045'`)
    const after = await find(await world.sessionOf('preparateur'))
    expect(after?.professionalId).toBe(before?.professionalId)
    expect(world.events).toContainEqual({ kind: 'subject-changed', professionalId: after?.professionalId })
  })

  test('memberships say in which role somebody was last seen where', async () => {
    const session = await find(await world.sessionOf('preparateur'))
    const rows = await query(`select pharmacy_id, role from memberships where professional_id = '${session?.professionalId}'`)
    expect(rows).toEqual([{ pharmacy_id: pharmacyIds.pontNeuf, role: 'preparer' }])
  })

  test('nothing but a token of ours opens anything', async () => {
    for (const token of ['', 'x', 'x'.repeat(43), '../../etc', "' or true --", 'é'.repeat(43), 'A'.repeat(100_000)])
      expect(await find(token)).toBeNull()
  })
})

test('a dump of the tables holds no token, no ID token, and nothing that opens one', async () => {
  const seen: string[] = []
  const begun = await world.auth.beginSignIn(world.request())
  if (!begun.ok) throw new Error(begun.problem)
  const sent = new URL(begun.value.redirectTo).searchParams
  seen.push(begun.value.signInToken, sent.get('state') ?? '', sent.get('nonce') ?? '')
  const [pending] = await query('select sealed from sign_ins')
  expect(pending?.sealed.length).toBeGreaterThan(100)

  const token = await world.sessionOf('titulaire')
  const { sessionId } = (await find(token)) ?? {}
  const [session] = await query(`select sealed_id_token from sessions where id = '${sessionId}'`)
  expect(session?.sealed_id_token.length).toBeGreaterThan(300)
  const dump = await dumpAll()
  const { redirectTo } = await world.auth.signOut(token, world.request())
  const idToken = new URL(redirectTo ?? '').searchParams.get('id_token_hint') ?? ''
  expect(idToken.split('.')).toHaveLength(3)
  seen.push(token, ...idToken.split('.'))

  for (const secret of seen) {
    expect(secret.length).toBeGreaterThan(20)
    for (const text of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret, 'base64url').toString('hex')])
      expect(dump.includes(text)).toBe(false)
  }
  // The same look finds what does stand there, so that not finding means something.
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('hex')
  expect(dump.includes(digest)).toBe(true)
})

async function withoutFirstActivity(personId: string, run: () => Promise<void>): Promise<void> {
  const { document } = getSeedPerson(personId)
  const { exercices } = document.SubjectRefPro as { exercices: Array<{ activities: Array<Record<string, string>> }> }
  const removed = exercices[0]?.activities.shift()
  expect(removed?.numeroFinessSite).toBe(pontNeuf.finess)
  try {
    await run()
  } finally {
    if (removed) exercices[0]?.activities.unshift(removed)
  }
}

async function query(text: string) {
  const sql = connect(world.databases.superUrl)
  const rows = await sql.unsafe(text)
  await sql.end()
  return [...rows]
}

async function rowOf(sessionId: string | undefined) {
  const [row] = await query(`select * from sessions where id = '${sessionId}'`)
  return row
}

function endTraces(sessionId: string | undefined) {
  return query(`select * from audit_events where object_id = '${sessionId}' and action = 'session-end' order by seq`)
}

/** Every row of every table, as text; bytea as hex. */
async function dumpAll(): Promise<string> {
  const tables = await query("select tablename from pg_tables where schemaname = 'public'")
  const parts: string[] = []
  for (const { tablename } of tables) parts.push(JSON.stringify(await query(`select t::text from ${tablename} t`)))
  return parts.join('\n')
}
