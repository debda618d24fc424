import { defineConfig } from 'vitest/config'

/** `check`: rules of the house, seconds, no database. `unit`: no services. `system`: PostgreSQL, servers, browser. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: '.test-output/report.json' }]] : ['default'],
    projects: [
      { test: { name: 'check', include: ['test/architecture.test.ts', 'test/migrations.test.ts', 'test/failure-matrix.test.ts'] } },
      { test: { name: 'unit', include: ['test/{base,domain,formats,config,telemetry,doctor,faults}/**/*.test.ts'] } },
      {
        test: {
          name: 'system',
          include: ['test/{crypto,storage,audit,queue,destinations,actions,auth,http,web,simulators,commands,demo,e2e}/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
