import { expect, inject, test } from 'vitest'
import { rotateUnderKills } from '../faults/keys-rotation.ts'

// The long run, one kill every two seconds, is `node test/faults/keys-rotation.ts --kills 60`.
test('root and tenant rotations killed with -9 fail no capture and no opening, and end with no row on an old key', {
  timeout: 120_000,
}, async () => {
  const plan = {
    kills: 4,
    killEveryMs: 0,
    killsPerRotationMax: 2,
    pharmacies: 40,
    recordKeys: 4000,
    superUrl: inject('postgresSuperUrl'),
  }
  const report = await rotateUnderKills(plan)
  expect(report).toMatchObject({ kills: 4, failures: [], rowsLeftUnderOldKeys: 0 })
  expect(Math.min(report.tenantRotations, report.rootRotations)).toBeGreaterThan(0)
  // Else the kills would have come before or after the work, and shown nothing.
  expect(report.killsInTheMiddle).toBeGreaterThan(1)
  expect(Math.min(report.captures, report.openings)).toBeGreaterThan(100)
})
