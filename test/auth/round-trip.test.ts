import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '../support/database.ts'
import { type AuthWorld, openAuthWorld, pharmacyIds, publicUrl, redirectUri } from './auth-world.ts'

let world: AuthWorld
beforeAll(async () => {
  world = await openAuthWorld()
})
afterAll(() => world.close())
beforeEach(() => world.psc.resetFaults())

describe('people who may work here', () => {
  test.each([
    ['titulaire', 'titular', pharmacyIds.pontNeuf],
    ['titulaire-lyon', 'titular', pharmacyIds.bellecour],
    ['preparateur', 'preparer', pharmacyIds.pontNeuf],
    ['preparatrice-par-role', 'preparer', pharmacyIds.bellecour],
    ['etudiant', 'student', pharmacyIds.bellecour],
    ['psi', 'pharmacist', pharmacyIds.pontNeuf],
  ] as const)('%s acts at once as %s of the one pharmacy', async (personId, role, pharmacyId) => {
    const done = await world.signIn(personId)
    expect(done).toMatchObject({ ok: true, value: { role } })
    const session = await world.auth.findSession(done.ok ? done.value.sessionToken : '', world.request())
    expect(session?.actor).toMatchObject({ kind: 'professional', role, pharmacyId, sessionId: session?.sessionId })
    expect(session?.activity).toMatchObject({ role, pharmacyId })
    expect(session?.activities).toHaveLength(1)
  })

  test('names and RPPS of exercise stand in the session', async () => {
    const session = await world.auth.findSession(await world.sessionOf('titulaire'), world.request())
    expect(world.chosen.at(-1)).toBe(pharmacyIds.pontNeuf)
    expect(session).toMatchObject({ rpps: '99900000011', familyName: 'DESROCHES', givenName: 'Camille' })
    expect(session?.activity).toMatchObject({ finess: '750000010', pharmacyName: 'Pharmacie du Pont-Neuf' })
  })

  test('somebody of two pharmacies acts for none before they have chosen, and the choice is traced', async () => {
    const done = await world.signIn('adjointe')
    expect(done).toMatchObject({ ok: true, value: { role: null } })
    const token = done.ok ? done.value.sessionToken : ''
    const before = await world.auth.findSession(token, world.request())
    expect(before).toMatchObject({ actor: null, activity: null })
    const chosenBefore = world.chosen.length
    expect(before?.activities.map((one) => one.pharmacyId).sort()).toEqual([pharmacyIds.bellecour, pharmacyIds.pontNeuf].sort())

    const chosen = await world.auth.chooseActivity(token, pharmacyIds.bellecour, world.request())
    expect(chosen).toMatchObject({ ok: true, value: { actor: { pharmacyId: pharmacyIds.bellecour, role: 'pharmacist' } } })
    const after = await world.auth.findSession(token, world.request())
    expect(after?.actor?.pharmacyId).toBe(pharmacyIds.bellecour)
    // The keys of a first capture are made ready from here on, and not for the pharmacy that was not chosen.
    expect(world.chosen.at(-1)).toBe(pharmacyIds.bellecour)
    expect(world.chosen.slice(chosenBefore)).toEqual([pharmacyIds.bellecour])
    expect(await traces(`object_id = '${after?.sessionId}'`)).toMatchObject([
      { action: 'sign-in', outcome: 'done', pharmacy_id: null },
      { action: 'choose-activity', outcome: 'done', pharmacy_id: pharmacyIds.bellecour, professional_id: after?.professionalId },
    ])
  })

  test('a pharmacy that was not offered cannot be chosen, and the try is traced', async () => {
    const token = await world.sessionOf('titulaire')
    const refused = await world.auth.chooseActivity(token, pharmacyIds.bellecour, world.request())
    expect(refused).toEqual({ ok: false, problem: 'not-found' })
    expect(world.chosen.at(-1)).toBe(pharmacyIds.pontNeuf)
    const session = await world.auth.findSession(token, world.request())
    expect(session?.actor?.pharmacyId).toBe(pharmacyIds.pontNeuf)
    expect(await traces(`object_id = '${session?.sessionId}' and outcome = 'denied'`)).toMatchObject([{ code: 'not-offered' }])
  })
})

describe('people who may not', () => {
  test.each([
    ['medecin', 'profession-not-admitted'],
    ['sans-fiche', 'profession-not-admitted'],
    ['edit', 'no-rpps'],
    ['remplacante', 'no-pharmacy-here'],
    [null, 'declined'],
  ] as const)('%s is refused with %s, gets no session, and the refusal is traced', async (personId, problem) => {
    const before = await count('sessions')
    expect(await world.signIn(personId)).toEqual({ ok: false, problem })
    expect(await count('sessions')).toBe(before)
    expect((await traces("action = 'sign-in'")).at(-1)).toMatchObject({
      outcome: 'denied',
      code: problem,
      actor_kind: 'anonymous',
    })
  })
})

describe('what is asked of Pro Santé Connect', () => {
  test('the wallet gets the level, the scope, PKCE and our own callback', async () => {
    const begun = await world.auth.beginSignIn(world.request())
    if (!begun.ok) throw new Error(begun.problem)
    const address = new URL(begun.value.redirectTo)
    expect(`${address.host}${address.pathname}`).toBe(`${world.psc.walletHost}/auth`)
    expect(address.host).not.toBe(new URL(world.psc.issuer).host)
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      response_type: 'code',
      scope: 'openid scope_all',
      acr_values: 'eidas1',
      redirect_uri: redirectUri,
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  test('each sign-in has secrets of its own', async () => {
    const [one, other] = [await world.auth.beginSignIn(world.request()), await world.auth.beginSignIn(world.request())]
    if (!one.ok || !other.ok) throw new Error('no sign-in')
    expect(one.value.signInToken).not.toBe(other.value.signInToken)
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(new URL(one.value.redirectTo).searchParams.get(name)).not.toBe(
        new URL(other.value.redirectTo).searchParams.get(name),
      )
  })

  test('a level above the one asked for is accepted', async () => {
    for (const acr of ['eidas2', 'eidas3'] as const) {
      world.psc.faults.acr = acr
      expect(await world.signIn('titulaire')).toMatchObject({ ok: true })
    }
  })

  test('UserInfo may come as a signed token', async () => {
    world.psc.faults.userInfo = 'jwt'
    expect(await world.signIn('psi')).toMatchObject({ ok: true })
  })

  test('a clock that is twenty seconds off either way stops nobody', async () => {
    for (const seconds of [20, -20]) {
      world.psc.faults.skewSeconds = seconds
      expect(await world.signIn('titulaire')).toMatchObject({ ok: true })
    }
  })
})

describe('leaving', () => {
  test("a person's own sign-out ends the session here and at Pro Santé Connect, and comes back to us", async () => {
    const browser = world.browser()
    const token = await world.sessionOf('titulaire', { browser })
    const left = await world.auth.signOut(token, world.request())
    expect(await world.auth.findSession(token, world.request())).toBeNull()

    const back = await browser.signOutAt(left.redirectTo ?? '')
    expect(back.href).toBe(`${publicUrl}/`)
    // Were the session over there alive still, the same browser would be signed in without a question.
    const begun = await world.auth.beginSignIn(world.request())
    const other = await browser.signInAs(begun.ok ? begun.value.redirectTo : '', 'preparateur')
    const done = await world.auth.finishSignIn(
      { query: other.search, signInToken: begun.ok ? begun.value.signInToken : null },
      world.request(),
    )
    const session = await world.auth.findSession(done.ok ? done.value.sessionToken : '', world.request())
    expect(session?.familyName).toBe('BRUNEAUX')
  })

  test('without a sign-out the same browser is known to Pro Santé Connect, until its sessions end', async () => {
    const browser = world.browser()
    await world.sessionOf('titulaire', { browser })
    // The chooser is not shown: the second name is never asked.
    const again = await world.auth.findSession(await world.sessionOf('preparateur', { browser }), world.request())
    expect(again?.familyName).toBe('DESROCHES')
    world.psc.endSessions()
    const asked = await world.auth.findSession(await world.sessionOf('preparateur', { browser }), world.request())
    expect(asked?.familyName).toBe('BRUNEAUX')
  })

  test('while Pro Santé Connect is down the session ends here all the same', async () => {
    const token = await world.sessionOf('titulaire')
    const fresh = world.openAnother()
    world.psc.faults.endpoints = { discovery: 'error' }
    expect(await fresh.signOut(token, world.request())).toEqual({ redirectTo: null })
    expect(await world.auth.findSession(token, world.request())).toBeNull()
  })
})

async function traces(where: string) {
  const sql = connect(world.databases.superUrl)
  const rows = await sql.unsafe(`select * from audit_events where ${where} order by seq`)
  await sql.end()
  return rows
}

async function count(table: string): Promise<number> {
  const sql = connect(world.databases.appUrl)
  const [row] = await sql.unsafe(`select count(*)::int as n from ${table}`)
  await sql.end()
  return Number(row?.n)
}
