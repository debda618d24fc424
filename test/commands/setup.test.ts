/** `setup`: what a first start needs, made once, readable to those who need it, and accepted by PostgreSQL. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'

const main = resolve(import.meta.dirname, '../../src/main.ts')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'passerelle-setup-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const setup = (...args: string[]) =>
  spawnSync(process.execPath, [main, 'setup', folder, ...args], { encoding: 'utf8', input: 'secret-of-the-agency-77aa\n' })
const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8').trim()

test('makes every secret once, closed to others, and writes over none', { timeout: 120_000 }, () => {
  const ran = setup('--client-secret-stdin')
  expect([ran.status, ran.stderr]).toEqual([0, ''])
  const names = readdirSync(join(folder, 'secrets'))
  expect(names.length).toBeGreaterThanOrEqual(14)
  for (const name of names) expect([name, statSync(join(folder, 'secrets', name)).mode & 0o777]).toEqual([name, 0o400])
  expect(secret('psc-client-secret')).toBe('secret-of-the-agency-77aa')
  for (const name of names.filter((one) => one !== 'psc-client-secret')) expect(ran.stdout).not.toContain(secret(name))
  expect(readdirSync(join(folder, 'config'))).toContain('gateway.yaml')

  const before = secret('root-keys.json')
  writeFileSync(join(folder, 'config/gateway.yaml'), 'mine')
  const again = setup()
  expect(again.status).toBe(1)
  expect(again.stderr).toContain('nothing was written')
  expect([secret('root-keys.json'), readFileSync(join(folder, 'config/gateway.yaml'), 'utf8')]).toEqual([before, 'mine'])
})

test('the roles of its SQL log in with the passwords of its URLs, and PostgreSQL never sees those', {
  timeout: 120_000,
}, async () => {
  expect(setup().status).toBe(0)
  const server = URL.parse(inject('postgresSuperUrl'))
  if (!server) throw new Error('no server')
  const suffix = `_${process.pid}_${Math.floor(performance.now())}`
  const urls = ['database-url', 'database-owner-url'].map((name) => new URL(secret(name)))
  // Under names of this test alone: roles belong to the whole server.
  const sql = secret('database-roles.sql').replaceAll(/\bpasserelle(_owner|_app)?\b/g, (name) => name + suffix)
  for (const { password } of urls) expect(sql).not.toContain(password)
  const superuser = postgres(server.href, { max: 1, onnotice: () => undefined })
  try {
    for (const statement of sql
      .replaceAll(/^--.*$/gm, '')
      .split(';')
      .filter((text) => text.trim() !== ''))
      await superuser.unsafe(statement)
    for (const url of urls) {
      url.host = server.host
      url.username += suffix
      url.pathname += suffix
      const role = postgres(url.href, { max: 1, onnotice: () => undefined })
      expect(await role`select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user`).toEqual([
        { rolsuper: false, rolbypassrls: false, rolcreaterole: false },
      ])
      await role.end()
      url.password = 'another'
      const wrong = postgres(url.href, { max: 1, onnotice: () => undefined })
      await expect(wrong`select 1`).rejects.toMatchObject({ code: '28P01' })
      await wrong.end()
    }
  } finally {
    await superuser.unsafe(`drop database if exists passerelle${suffix}`)
    for (const role of ['owner', 'app']) await superuser.unsafe(`drop role if exists passerelle_${role}${suffix}`)
    await superuser.end()
  }
})
