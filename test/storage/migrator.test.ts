import { inject, expect, test } from 'vitest'
import { createTestDatabases, connect } from '../support/database.ts'
test('clone', async () => {
  const d = await createTestDatabases(inject('postgresSuperUrl'))
  const s = connect(d.appUrl)
  expect((await s`select count(*)::int as n from screenings`)[0]?.n).toBe(0)
  await s.end()
  await d.drop()
})
