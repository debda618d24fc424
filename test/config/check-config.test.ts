import { expect, test } from 'vitest'
import { checkConfig } from '../../src/config/check-config.ts'
import { exampleSecrets, withExampleConfig } from './example-config.ts'

const now = new Date('2026-11-23T12:00:00Z')

test('a good configuration is said to be good, in one line, with exit code 0', () => {
  withExampleConfig({}, ({ env }) =>
    expect(checkConfig(env, { now })).toEqual({
      exitCode: 0,
      output: 'no mistake: profile production, 3 pharmacies, 2 destinations, 15 test kits',
    }),
  )
})

test('a bad one is listed a line a mistake, counted, with exit code 1', () => {
  withExampleConfig({ edits: [['gateway', 'idleMinutes: 15', 'idleMinutes: 0']], env: { PORT: 'x' } }, ({ env, directory }) =>
    expect(checkConfig(env, { now, print: true })).toEqual({
      exitCode: 1,
      output: [
        `${directory}/gateway.yaml:21:16  sessions.idleMinutes: expected a whole number from 1 to 30, found 0`,
        'environment  PORT: expected a port number from 0 to 65535',
        '2 mistakes',
      ].join('\n'),
    }),
  )
})

test('what is printed says where each value came from: environment, file and line, or default', () => {
  const edits = [['gateway', '  pharmacistSectors: [SA33, SA38, SA39]\n', '']] as const
  withExampleConfig({ edits, env: { PORT: '8443' } }, ({ env, directory }) => {
    const lines = checkConfig(env, { now, print: true }).output.split('\n')

    expect(lines).toEqual(
      expect.arrayContaining([
        'profile = "production"  # environment PASSERELLE_PROFILE',
        'listen.port = 8443  # environment PORT',
        'listen.managementPort = 9090  # default',
        `sessions.idleMinutes = 15  # ${directory}/gateway.yaml:20`,
        'signIn.pharmacistSectors[0] = "SA33"  # default',
        `pharmacies[1].postalCode = "01000"  # ${directory}/pharmacies.yaml:15`,
        'pharmacies[2].phone = null  # default',
        `destinations[1].pharmacies[1] = "019999044"  # ${directory}/destinations.yaml:37`,
        `testKits[14].udi.issuer = "gs1"  # ${directory}/test-kits.yaml:27`,
        `DATABASE_URL = set, from file ${directory}/DATABASE_URL  # secret`,
        'DATABASE_OWNER_URL = not set  # secret',
      ]),
    )
  })
})

test('what is printed holds no secret, whichever way the secrets came', () => {
  const plain = {
    PASSERELLE_PROFILE: 'test',
    PSC_CLIENT_SECRET_FILE: undefined,
    PSC_CLIENT_SECRET: exampleSecrets.PSC_CLIENT_SECRET.trim(),
    DATABASE_OWNER_URL_FILE: '@/DATABASE_OWNER_URL',
    KEYSTORE_OWNER_URL_FILE: '@/KEYSTORE_OWNER_URL',
  }
  withExampleConfig({ env: plain }, ({ env }) => {
    const { output, exitCode } = checkConfig(env, { now, print: true })

    expect(exitCode).toBe(0)
    expect(output).toContain('PSC_CLIENT_SECRET = set, from the environment')
    for (const text of Object.values(exampleSecrets))
      for (const secret of text.match(/[A-Za-z0-9]{16,}/g) ?? []) expect(output).not.toContain(secret)
  })
})
