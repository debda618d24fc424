import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Finess } from '../../src/domain/finess.ts'
import type { PharmacySettings } from '../../src/domain/pharmacy.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { ensurePharmacies } from '../../src/storage/pharmacies.ts'
import { listPharmaciesByFiness, listPharmaciesById } from '../../src/storage/professionals.ts'
import { createTestDatabases, type TestDatabases } from '../support/database.ts'

let databases: TestDatabases
let database: Database
const now = new Date('2026-03-02T09:00:00Z')

beforeAll(async () => {
  databases = await createTestDatabases(inject('postgresSuperUrl'))
  database = openDatabase(databases.appUrl)
})
afterAll(async () => {
  await database.close()
  await databases.drop()
})

const pharmacy = (finess: string, name: string): PharmacySettings => ({
  finess: finess as Finess,
  name,
  addressLine: '1 rue Inventée',
  postalCode: '75001',
  city: 'PARIS',
  phone: null,
})
const bridge = pharmacy('750000010', 'Pharmacie du Pont')
const square = pharmacy('690000021', 'Pharmacie de la Place')
const write = (settings: readonly PharmacySettings[]) => database.forNobody((tx) => ensurePharmacies(tx, settings, now))
const offered = () => database.forNobody((tx) => listPharmaciesByFiness(tx, [bridge.finess, square.finess]))

test('a pharmacy keeps its id through restarts, renames and a time out of the configuration', async () => {
  const [first] = await write([bridge, square])
  const [renamed] = await write([{ ...bridge, name: 'Pharmacie du Pont-Neuf' }, square])
  await write([square])
  const [back] = await write([bridge, square])
  expect(renamed).toMatchObject({ id: first?.id, name: 'Pharmacie du Pont-Neuf' })
  expect(back?.id).toBe(first?.id)
})

test('a pharmacy that config no longer names is offered to nobody, by number or by id', async () => {
  const [, left] = await write([bridge, square])
  expect(await offered()).toHaveLength(2)
  await write([bridge])
  expect((await offered()).map((one) => one.finess)).toEqual([bridge.finess])
  expect(await database.forNobody((tx) => listPharmaciesById(tx, [left?.id ?? '']))).toEqual([])
})

test('ten replicas that start at once agree on the ids', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => write(index % 2 ? [bridge, square] : [square, bridge])),
  )
  const ids = answers.map((answer) => answer.find((one) => one.finess === bridge.finess)?.id)
  expect(new Set(ids).size).toBe(1)
})
