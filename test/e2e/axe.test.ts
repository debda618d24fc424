import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServedApp, serveApp } from '../../src/http/serve.ts'
import { duplicateText } from '../../src/web/text-fr-duplicates.ts'
import type { Who } from '../http/ask.ts'
import { launchBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { type House, idNumbered, openHouse, sampleDeclaration, sampleScreening, tokenOf } from '../web/sample-house.ts'
import { listBarriers, overflowsSideways, saveScreen, watchComplaints } from './axe-page.ts'

let browser: Browser
let house: House
let served: ServedApp
let origin: string
const correctedId = idNumbered(50)
const cancelledId = idNumbered(51)

const states = ['queued', 'sent', 'accepted', 'rejected', 'parked', 'draft', 'cancelled'] as const
const ids = Object.fromEntries(states.map((state, index) => [state, idNumbered(index + 10)])) as Record<
  (typeof states)[number],
  string
>

beforeAll(async () => {
  const port = await freePort()
  origin = `http://localhost:${port}`
  house = openHouse({
    publicUrl: origin,
    limits: { perAddress: { burst: 5_000, perSecond: 500 }, perSession: { burst: 5_000, perSecond: 500 } },
  })
  for (const state of states) {
    const code =
      state === 'rejected' ? { code: 'ins-mismatch', location: 'PID-3' } : state === 'parked' ? { code: 'answer-lost' } : {}
    house.screenings.set(ids[state], sampleScreening(ids[state], state, { ...(code as object), positive: state === 'sent' }))
  }
  const names = ['LEFÈVRE', 'NOËL-ŒUVRARD', 'de La Châtaigneraie-Montplaisir', 'KÉRGOAT', 'ŸSAŸE', 'PEÑA']
  for (const [index, name] of names.entries()) {
    const id = idNumbered(index + 30)
    house.screenings.set(id, sampleScreening(id, 'accepted', { name, positive: index === 2 }))
  }
  addCorrected()
  addStopped()
  served = await serveApp(house.app, { host: '127.0.0.1', port })
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await served?.close()
})

/** One that was corrected twice, the second time after a refusal; and one that was cancelled, of which the destination is being told. */
function addCorrected(): void {
  const first = sampleScreening(correctedId, 'accepted')
  const { patient, act, signedAt, signedBy } = first
  const longName = { ...patient, birthName: 'D’ANGELO-ĐURIĆ-de La Châtaigneraie-Montplaisir', phone: null }
  const inverted = { ...act, results: [{ analyte: 'sars-cov-2', result: 'positive' }] } as const
  house.earlier.set(correctedId, [
    { version: 1, status: 'superseded', patient, act, reason: null, signedAt, signedBy },
    { version: 2, status: 'superseded', patient: longName, act, reason: 'nom mal lu sur la carte', signedAt, signedBy },
  ])
  house.reasons.set(correctedId, 'résultat inversé : la bandelette a été relue à quinze minutes, avec la patiente')
  const declarations = [
    sampleDeclaration('accepted'),
    sampleDeclaration('rejected', { version: 2, kind: 'replacement', code: 'ins-mismatch', location: 'PID-3' }),
    sampleDeclaration('rejected', { version: 3, kind: 'replacement', code: 'ins-mismatch', location: 'PID-3' }),
    sampleDeclaration('queued', { version: 3, destinationLabel: 'Plateforme régionale', assumedFormat: false }),
  ]
  house.screenings.set(correctedId, {
    ...first,
    version: 3,
    patient: longName,
    act: { ...inverted, comment: 'relu' },
    declarations,
  })
  const ended = [sampleDeclaration('accepted'), sampleDeclaration('sent', { version: 2, kind: 'cancellation' })]
  const cancelled = { ...sampleScreening(cancelledId, 'accepted', { name: 'RENONCÉ' }), status: 'cancelled', version: 2 } as const
  house.screenings.set(cancelledId, { ...cancelled, declarations: ended })
}

/** A bad evening: a destination that is silent, one that comes back, and work that waits for a person. */
function addStopped(): void {
  const batch = {
    batchId: idNumbered(70),
    destinationLabel: 'Fichier national (profil supposé)',
    stoppedState: 'parked',
    code: 'answer-lost',
    requestedAt: new Date('2026-11-23T17:02:00Z'),
    endedAt: null,
    mayApprove: true,
    byOperator: false,
    perSecond: 5,
    chosen: 1240,
    released: 0,
    skipped: 0,
  } as const
  const group = {
    destination: 'sidep',
    destinationLabel: 'Fichier national',
    assumedFormat: true,
    configured: true,
    oldest: batch.requestedAt,
  }
  const item = {
    declarationId: idNumbered(72),
    destinationLabel: 'Fichier national',
    kind: 'original',
    location: null,
    stoppedAt: batch.requestedAt,
    birthFirstName: 'Maël',
    birthDate: '1951-04-30',
  } as const
  house.stopped = {
    groups: [
      { ...group, state: 'parked', code: 'answer-lost', count: 1240, doubtful: 1240 },
      {
        ...group,
        destinationLabel: 'Plateforme régionale',
        assumedFormat: false,
        state: 'rejected',
        code: 'ins-mismatch',
        count: 1,
        doubtful: 0,
      },
    ],
    items: [
      { ...item, screeningId: ids.parked, state: 'parked', code: 'answer-lost', doubtful: true, birthName: 'KÉRGOAT' },
      {
        ...item,
        screeningId: ids.rejected,
        state: 'rejected',
        code: 'ins-mismatch',
        doubtful: false,
        birthName: 'de La Châtaigneraie-Montplaisir',
      },
    ],
    total: 1241,
    page: 2,
    pages: 25,
    batches: [
      { ...batch, state: 'waiting' },
      { ...batch, batchId: idNumbered(71), state: 'running', mayApprove: false, released: 480, skipped: 3 },
    ],
  }
  house.standing = {
    held: 3,
    stopped: 1241,
    quietSince: new Date('2026-11-23T14:10:00Z'),
    destinations: [
      { label: 'Fichier national', state: 'paused', waiting: 12480, pausedForMs: 720_000, expectedDelayMs: null },
      { label: 'Plateforme régionale', state: 'recovering', waiting: 1, pausedForMs: null, expectedDelayMs: 1_400_000 },
    ],
  }
}

type Visit = { readonly name: string; readonly who: Who; open(page: Page): Promise<unknown> }

const at = (path: string) => (page: Page) => page.goto(origin + path)

const visits: readonly Visit[] = [
  { name: 'entrance', who: null, open: at('/') },
  { name: 'sign-in-refused', who: null, open: at('/connexion/retour?state=x') },
  { name: 'choose-pharmacy', who: 'unchosen', open: at('/officine') },
  { name: 'day-list', who: 'pharmacist', open: at('/depistages') },
  { name: 'day-list-preparer', who: 'preparer', open: at('/depistages') },
  { name: 'day-list-empty', who: 'pharmacist', open: at('/depistages?jour=2026-11-20') },
  { name: 'capture', who: 'pharmacist', open: at(`/depistages/nouveau?apres=${idNumbered(12)}&testKitId=1331&kitLot=L2026-07`) },
  { name: 'capture-preparer', who: 'preparer', open: at('/depistages/nouveau') },
  { name: 'capture-errors', who: 'pharmacist', open: openWithErrors },
  { name: 'capture-duplicate', who: 'pharmacist', open: openWithDuplicate },
  { name: 'sign', who: 'pharmacist', open: at(`/depistages/${ids.draft}/signer`) },
  ...states.map((state) => ({ name: `receipt-${state}`, who: 'pharmacist' as const, open: at(`/depistages/${ids[state]}`) })),
  { name: 'receipt-corrected', who: 'pharmacist', open: at(`/depistages/${correctedId}`) },
  { name: 'receipt-cancelled-screening', who: 'pharmacist', open: at(`/depistages/${cancelledId}`) },
  { name: 'correct', who: 'pharmacist', open: at(`/depistages/${correctedId}/corriger`) },
  { name: 'correct-errors', who: 'pharmacist', open: openCorrectionWithErrors },
  { name: 'correct-conflict', who: 'pharmacist', open: at(`/depistages/${cancelledId}/corriger`) },
  { name: 'cancel', who: 'titular', open: at(`/depistages/${correctedId}/annuler`) },
  { name: 'cancel-errors', who: 'titular', open: openCancellationWithErrors },
  { name: 'versions', who: 'pharmacist', open: at(`/depistages/${correctedId}/versions`) },
  { name: 'versions-one', who: 'preparer', open: at(`/depistages/${ids.accepted}/versions`) },
  { name: 'stopped', who: 'pharmacist', open: at('/a-reprendre') },
  {
    name: 'retry-preview',
    who: 'pharmacist',
    open: at('/a-reprendre/renvoyer?destination=sidep&etat=parked&motif=answer-lost'),
  },
  { name: 'retry-waiting', who: 'titular', open: at(`/a-reprendre/lots/${idNumbered(70)}`) },
  { name: 'retry-running', who: 'pharmacist', open: at(`/a-reprendre/lots/${idNumbered(71)}`) },
  { name: 'mark-received', who: 'pharmacist', open: openMarkReceived },
  { name: 'reconciliations', who: 'titular', open: at('/rapprochement') },
  { name: 'reconciliation-differs', who: 'pharmacist', open: at(`/rapprochement/${idNumbered(81)}`) },
  { name: 'reconciliation-group-admin', who: 'group-admin', open: at(`/rapprochement/${idNumbered(81)}`) },
  { name: 'reconciliation-waiting', who: 'titular', open: at(`/rapprochement/${idNumbered(82)}`) },
  { name: 'ledger', who: 'titular', open: at('/grand-livre') },
  { name: 'ledger-month', who: 'titular', open: at('/grand-livre?mois=2026-10') },
  { name: 'ledger-month-empty', who: 'titular', open: at('/grand-livre?mois=2026-09') },
  { name: 'ledger-month-bad', who: 'titular', open: at('/grand-livre?mois=2026-13') },
  { name: 'ledger-day', who: 'titular', open: at('/grand-livre/2026-11-20') },
  { name: 'billing', who: 'titular', open: at('/facturation') },
  { name: 'billing-group-admin', who: 'group-admin', open: openBillingDays },
  { name: 'billing-group', who: 'titular', open: at('/facturation/groupe') },
  { name: 'billing-group-open', who: 'group-admin', open: openGroupDetails },
  { name: 'credit', who: 'group-admin', open: at('/facturation/PAS-2026-000012/avoir') },
  { name: 'credit-errors', who: 'group-admin', open: (page) => openCredit(page, '9999') },
  { name: 'credit-preview', who: 'group-admin', open: (page) => openCredit(page, '12') },
  { name: 'not-found', who: 'pharmacist', open: at('/depistages/nothing') },
  { name: 'forbidden', who: 'dpo', open: at('/depistages') },
  { name: 'session-ended', who: 'pharmacist', open: openSessionEnded },
]

async function openMarkReceived(page: Page): Promise<void> {
  await page.goto(`${origin}/depistages/${ids.parked}`)
  await page.getByRole('link', { name: 'La destination la détient déjà' }).click()
  await page.getByRole('heading', { name: 'Constater la réception' }).waitFor()
}

async function openWithErrors(page: Page): Promise<void> {
  await page.goto(`${origin}/depistages/nouveau`)
  await page.getByLabel('Nom de naissance', { exact: true }).fill('<script>alert(1)</script>|^~\\&')
  await page.getByLabel('Date de naissance').fill('31/02/1984')
  await page.getByLabel('Matricule INS').fill('2 84 03 75 116 001 00')
  await page.getByRole('button', { name: 'Signer et transmettre' }).click()
  await page.getByRole('alert').waitFor()
}

async function openWithDuplicate(page: Page): Promise<void> {
  const birthName = 'KÉRGOAT-DEUXFOIS'
  house.duplicatesOf[birthName] = [{ screeningId: idNumbered(32), capturedAt: new Date('2026-11-23T09:02:00Z') }]
  await page.goto(`${origin}/depistages/nouveau?apres=${idNumbered(12)}&testKitId=1331&kitLot=L2026-07`)
  for (const [name, value] of Object.entries({ birthName, birthFirstName: 'Maëlle', birthDate: '05/03/1984' }))
    await page.locator(`input[name="${name}"]`).fill(value)
  for (const [name, value] of [
    ['sex', 'female'],
    ['result.sars-cov-2', 'negative'],
    ['consent', 'yes'],
  ])
    await page.locator(`[name="${name}"][value="${value}"]`).check({ force: true })
  await page.locator('select[name="symptoms"]').selectOption('none')
  await page.getByRole('button', { name: 'Signer et transmettre' }).click()
  await page.getByRole('button', { name: duplicateText.store }).waitFor()
}

async function openCorrectionWithErrors(page: Page): Promise<void> {
  await page.goto(`${origin}/depistages/${correctedId}/corriger`)
  await page.getByLabel('Date de naissance').fill('31/02/1984')
  await page.getByRole('button', { name: 'Signer et enregistrer la correction' }).click()
  await page.getByRole('alert').waitFor()
}

async function openCancellationWithErrors(page: Page): Promise<void> {
  await page.goto(`${origin}/depistages/${correctedId}/annuler`)
  await page.getByRole('button', { name: 'Annuler définitivement ce dépistage' }).click()
  await page.getByRole('alert').waitFor()
}

async function openBillingDays(page: Page): Promise<void> {
  await page.goto(`${origin}/facturation?avoir=PAS-2026-000013`)
  await page.getByText('Chiffres par jour').click()
}

async function openGroupDetails(page: Page): Promise<void> {
  await page.goto(`${origin}/facturation/groupe?page=2`)
  await page.getByText('Chiffres par jour').click()
  await page.getByText('autres relevés et avoirs').click()
}

async function openCredit(page: Page, count: string): Promise<void> {
  await page.goto(`${origin}/facturation/PAS-2026-000012/avoir`)
  await page.getByLabel('À rendre').first().fill(count)
  await page.getByLabel('Motif').fill('geste commercial du 3 octobre')
  await page.getByRole('button', { name: 'Voir ce que' }).click()
  await page
    .getByText(count === '12' ? 'Vérifiez l’avoir' : 'dépasse')
    .first()
    .waitFor()
}

async function openSessionEnded(page: Page): Promise<void> {
  await page.goto(`${origin}/depistages/nouveau`)
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Signer et transmettre' }).click()
  await page.getByText('Session terminée, saisie conservée').first().waitFor()
}

async function contextFor(who: Who): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'fr-FR', timezoneId: 'Europe/Paris' })
  // Written as for TLS, which the name's prefix asks for; browsers then send it to loopback as well.
  const url = origin.replace('http:', 'https:')
  if (who !== null) await context.addCookies([{ name: '__Host-passerelle', value: tokenOf(who), url, secure: true }])
  return context
}

/** All rules once; then those that another width or other colours can break. */
const looks = [
  { width: 1280, colorScheme: 'light', rules: 'all' },
  { width: 390, colorScheme: 'light', rules: 'looks' },
  { width: 1280, colorScheme: 'dark', rules: 'looks' },
  { width: 390, colorScheme: 'dark', rules: 'looks' },
] as const

test.each(visits)(
  '$name: no barrier, no refusal of the policy, nothing out of the window, wide or narrow, light or dark',
  async ({ name, who, open }) => {
    const context = await contextFor(who)
    try {
      const page = await context.newPage()
      const complaints = await watchComplaints(page)
      await open(page)
      for (const { width, colorScheme, rules } of looks) {
        await page.setViewportSize({ width, height: 900 })
        await page.emulateMedia({ colorScheme })
        await saveScreen(page, `${name}-${width}-${colorScheme}`)
        expect([width, colorScheme, await listBarriers(page, rules)]).toEqual([width, colorScheme, []])
        expect([width, await overflowsSideways(page)]).toEqual([width, false])
      }
      expect(complaints).toEqual([])
    } finally {
      await context.close()
    }
  },
)
