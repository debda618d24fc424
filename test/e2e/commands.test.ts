/** What an operator types, against the whole running product: keys rotate under it, and an erased screening is gone. */
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parisDateTimeLocal } from '../../src/domain/paris-time.ts'
import { capture, runOnce, signIn } from '../demo/once.ts'
import { demoCaptures } from '../demo/patients.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** Each command is a process of its own, and here there are ten. */
const timeout = 180_000

let stack: Stack
let browser: HeadlessBrowser
const main = resolve(import.meta.dirname, '../../src/main.ts')

beforeAll(async () => {
  stack = await startTestStack()
  browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
}, 120_000)
afterAll(() => stack?.close(), 60_000)

/** Without blocking: the connections to the gateway must hear when it closes them. */
function passerelle(...args: string[]): Promise<{ status: number | string; out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], { env: stack.env, timeout: 60_000 }, (error, out, err) =>
      done({ status: error ? (error.code ?? 'killed') : 0, out, err }),
    )
  })
}

const show = async (id: string) => (await browser.send(`${stack.url}/depistages/${id}`)).status

test('tenant keys rotate and rewrap under a running gateway, which goes on reading and writing', { timeout }, async () => {
  const report = await runOnce(stack, 3)
  expect(await passerelle('keys', 'rotate-tenant')).toMatchObject({ status: 0, out: expect.stringMatching(/^rotated [1-9]/) })
  expect(await passerelle('keys', 'destroy')).toMatchObject({ status: 1, out: expect.stringContaining('still needed') })
  expect(await passerelle('keys', 'rewrap')).toMatchObject({
    status: 0,
    out: expect.stringContaining('nothing is left under an old key'),
  })
  expect(await passerelle('keys', 'destroy')).toMatchObject({ status: 0, out: expect.stringMatching(/^destroyed [1-9]/) })
  expect((await passerelle('keys', 'status')).out).toContain('0 replaced')
  const after = await runOnce(stack, 3)
  expect([report.accepted, after.accepted]).toEqual([3, 3])
})

test('a root key in use is not retired; an unknown one is named as such', { timeout }, async () => {
  const kid = /root key (\S+):/.exec((await passerelle('keys', 'status')).out)?.[1] ?? ''
  expect(await passerelle('keys', 'retire', kid)).toMatchObject({ status: 1, err: expect.stringContaining('only root key') })
  expect((await passerelle('keys', 'retire', 'root-none')).status).toBe(1)
  expect((await passerelle('keys', 'add-root')).out).toContain(kid)
})

test('an erased screening is previewed first, then opens nowhere any more; the others do', { timeout }, async () => {
  const [one = {}, other = {}] = demoCaptures(2, parisDateTimeLocal(new Date()))
  const erased = await capture(stack.url, browser, one)
  const kept = await capture(stack.url, browser, other)
  await expect
    .poll(async () => (await passerelle('erase', 'record', erased)).out, { timeout: 30_000 })
    .toContain('would erase 1 screenings')
  expect(await show(erased)).toBe(200)
  expect(await passerelle('erase', 'record', erased, '--yes')).toMatchObject({
    status: 0,
    out: expect.stringContaining('erased 1 record keys'),
  })
  expect(await passerelle('erase', 'record', '00000000-0000-4000-8000-000000000000', '--yes')).toMatchObject({
    status: 1,
    err: expect.stringContaining('not found'),
  })
  expect((await passerelle('erase', 'record', 'DUPONT')).err).not.toContain('DUPONT')
  // The running gateway's cache outlives the key by minutes; one that starts now has none.
  stack.gateway.child.kill('SIGTERM')
  await stack.gateway.exited
  await stack.startGateway()
  // Connections that the old process kept alive are found closed once.
  await until('the new gateway answers', () =>
    fetch(stack.url).then(
      (answer) => answer.ok,
      () => false,
    ),
  )
  await signIn(stack.url, browser, 'titulaire')
  expect(await show(erased)).toBe(404)
  expect(await show(kept)).toBe(200)
})
