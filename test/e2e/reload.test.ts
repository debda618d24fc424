/** A changed configuration taken up on SIGHUP by the running product: all of it or nothing, and nobody is turned away meanwhile. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runOnce, signIn } from '../demo/once.ts'
import type { GatewayProcess } from '../demo/processes.ts'
import type { Stack } from '../demo/stack.ts'
import { createHeadlessBrowser, type HeadlessBrowser } from '../simulators/pro-sante-connect/headless-browser.ts'
import { startTestStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const timeout = 180_000
let stack: Stack
let browser: HeadlessBrowser

beforeAll(async () => {
  stack = await startTestStack()
  browser = createHeadlessBrowser({ redirectUris: [`${stack.url}/connexion/retour`] })
  await signIn(stack.url, browser, 'titulaire')
}, 180_000)
afterAll(() => stack?.close(), 60_000)

const configFile = (name: string) => join(stack.folder.configDir, name)
const count = (process: GatewayProcess, event: string) =>
  readFileSync(process.logFile, 'utf8').split(`"event":"${event}"`).length - 1

/** Asks for a reload and waits until the process says how it went. */
async function hangUp(process: GatewayProcess, event: 'config-loaded' | 'config-refused'): Promise<void> {
  const before = count(process, event)
  process.child.kill('SIGHUP')
  await until(`${process.name} says ${event}`, () => count(process, event) > before, 60_000)
}

test('a new name of a pharmacy is on the pages after a SIGHUP, without a restart and without signing in again', {
  timeout,
}, async () => {
  const file = configFile('pharmacies.yaml')
  const text = readFileSync(file, 'utf8')
  const name = /name: (.+)/.exec(text)?.[1] ?? ''
  const pid = stack.gateway.child.pid
  writeFileSync(file, text.replace(name, 'Pharmacie des Canaux'))
  await hangUp(stack.gateway, 'config-loaded')
  const page = await (await browser.send(`${stack.url}/depistages`)).text()
  expect(page).toContain('Pharmacie des Canaux')
  expect(stack.gateway.child.pid).toBe(pid)
  expect(stack.gateway.child.exitCode).toBeNull()
})

test('a configuration with a mistake changes nothing, and says what is wrong', { timeout }, async () => {
  const file = configFile('test-kits.yaml')
  const text = readFileSync(file, 'utf8')
  appendFileSync(file, '\nnot-a-key: 1\n')
  await hangUp(stack.gateway, 'config-refused')
  expect(readFileSync(stack.gateway.logFile, 'utf8')).toMatch(/test-kits\.yaml:\d+:\d+ {2}not-a-key/)
  expect((await browser.send(`${stack.url}/depistages`)).status).toBe(200)
  writeFileSync(file, text)
})

test('a worker that is told to reload goes on forwarding: nothing is lost and nothing goes twice', { timeout }, async () => {
  const running = runOnce(stack, 6)
  await hangUp(stack.worker, 'config-loaded')
  expect(await running).toMatchObject({ captured: 6, accepted: 6, pending: 0 })
  expect(stack.worker.child.exitCode).toBeNull()
})
