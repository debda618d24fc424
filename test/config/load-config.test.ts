import { describe, expect, test } from 'vitest'
import { fail, ok } from '../../src/base/result.ts'
import { loadConfig, loadOwnerUrls } from '../../src/config/load-config.ts'
import { printMistakes } from '../../src/config/mistakes.ts'
import type { TransportSettings } from '../../src/domain/destination-settings.ts'
import { type ExampleChanges, exampleSecrets, withExampleConfig } from './example-config.ts'

const now = new Date('2026-11-23T12:00:00Z')

function load(changes: ExampleChanges) {
  return withExampleConfig(changes, ({ env, directory }) => {
    const loaded = loadConfig(env, { now })
    if (!loaded.ok) throw new Error(printMistakes(loaded.problem))
    return { ...loaded.value, directory }
  })
}

describe('a configuration that is taken', () => {
  test('carries safe defaults where the files say nothing', () => {
    const { config } = load({
      edits: [
        ['gateway', 'sessions:\n  idleMinutes: 15\n  absoluteMinutes: 240\n', ''],
        ['gateway', 'worker:\n  leaseSeconds: 60\n  batchSize: 20\n  pollSeconds: 5\n', ''],
        ['gateway', '  pharmacistSectors: [SA33, SA38, SA39]\n', ''],
      ],
    })

    expect(config.sessions).toEqual({ idleMinutes: 15, absoluteMinutes: 240 })
    expect(config.worker).toEqual({ leaseSeconds: 60, batchSize: 20, pollSeconds: 5, retryAloneMax: 100 })
    expect(config.signIn).toMatchObject({ pharmacistSectors: ['SA33', 'SA38', 'SA39'], insecureAllowHttp: false })
    expect(config.listen).toEqual({ host: '0.0.0.0', port: 8080, managementPort: 9090 })
    expect(config.destinations[1]).toEqual({
      id: 'health-record',
      label: 'Dossier médical partagé, par la plateforme régionale',
      format: 'ans-oru-cda',
      transport: {
        kind: 'https',
        url: 'https://plateforme.region.example/cisis/oru',
        timeoutMs: 30_000,
        answerBytesMax: 1_048_576,
        caFile: null,
        clientCertificateFile: null,
        clientKeyFile: null,
        privateNetworks: [],
        insecureAllowPlainHttp: false,
      },
      deduplicates: 'none',
      concurrencyMax: 8,
      retry: { baseMs: 2000, capMs: 900_000, attemptsMax: 200 },
      breaker: { failuresMax: 10, holdMs: 15_000, holdCapMs: 300_000 },
      pace: { perSecondMax: 100, rampFromPerSecond: 2, rampMs: 300_000 },
      pharmacies: ['759999014', '019999044'],
      billed: false,
      test: false,
    })
  })

  test("derives the agency's own discovery document and both its hosts from the issuer", () => {
    const hosts = '  allowedEndpointHosts:\n    - auth.esw.esante.gouv.fr\n    - wallet.esw.esante.gouv.fr\n'
    const { config } = load({ edits: [['gateway', hosts, '']] })

    expect(config.signIn.discoveryUrl).toBe(`${config.signIn.issuer}/.well-known/wallet-openid-configuration`)
    expect(config.signIn.allowedEndpointHosts).toEqual(['auth.esw.esante.gouv.fr', 'wallet.esw.esante.gouv.fr'])
  })

  test('lists every outside host that may be called, each with its country', () => {
    expect(load({}).config.outsideEndpoints).toEqual([
      { purpose: 'sign-in', name: 'psc', host: 'auth.esw.esante.gouv.fr', country: 'FR' },
      { purpose: 'sign-in', name: 'psc', host: 'wallet.esw.esante.gouv.fr', country: 'FR' },
      { purpose: 'destination', name: 'national-file', host: 'reception.fichier-national.example', country: 'FR' },
      { purpose: 'destination', name: 'health-record', host: 'plateforme.region.example', country: 'FR' },
    ])
  })

  test('reads root keys in a key service: files named absolutely, its host among those that may be called, no key file asked for', () => {
    const files = { token: 'hvs.HiddenWord9\n', 'ca.pem': '-----BEGIN CERTIFICATE-----\n' }
    const transit = `rootKeys:
  kind: transit
  url: https://coffre.example:8200
  keyName: passerelle
  tokenFile: token
  caFile: ca.pem
  country: FR

sessions:`
    const { config, secrets } = load({ edits: [['gateway', 'sessions:', transit]], env: { ROOT_KEYS_FILE: undefined }, files })

    const absolute = expect.stringMatching(/^\/.*\/(token|ca\.pem)$/)
    expect(config.rootKeys).toEqual({
      kind: 'transit',
      url: 'https://coffre.example:8200',
      timeoutMs: 5000,
      caFile: absolute,
      clientCertificateFile: null,
      clientKeyFile: null,
      tokenFile: absolute,
      mount: 'transit',
      keyName: 'passerelle',
      namespace: null,
    })
    expect(config.outsideEndpoints).toContainEqual({
      purpose: 'root-keys',
      name: 'transit',
      host: 'coffre.example:8200',
      country: 'FR',
    })
    expect(secrets.rootKeysJwks).toBe(null)
    expect(load({}).config).toMatchObject({ rootKeys: { kind: 'file' }, duplicateSearch: { screeningsPerPharmacy: 10_000 } })
  })

  test('reads each kind of transport, with its files named absolutely and its host among those that may be called', () => {
    const put = (transport: string): Partial<TransportSettings> => {
      const { config } = load({
        edits: [['destinations', 'kind: https\n      url: https://plateforme.region.example/cisis/oru', transport]],
        files: { 'key.pem': '-----BEGIN OPENSSH PRIVATE KEY-----\n', word: 'sHq7mZx2\n' },
      })
      const { host } = config.outsideEndpoints.find(({ name }) => name === 'health-record') ?? { host: 'none' }
      const { transport: read } = config.destinations[1] ?? {}
      return { ...read, host } as Partial<TransportSettings>
    }
    const fingerprint = `SHA256:${'A'.repeat(43)}`
    const drop = 'outbox: /oru\n      answers: /ack'
    expect(put('kind: mllp\n      host: hl7.region.example\n      port: 2575')).toMatchObject({
      kind: 'mllp',
      host: 'hl7.region.example:2575',
      port: 2575,
      caFile: null,
    })
    const sftp = `kind: sftp\n      host: depot.region.example\n      user: passerelle\n      hostKeys: ["${fingerprint}"]\n      ${drop}`
    expect(put(`${sftp}\n      privateKeyFile: key.pem`)).toMatchObject({
      kind: 'sftp',
      host: 'depot.region.example',
      port: 22,
      hostKeys: [fingerprint],
      privateKeyFile: expect.stringMatching(/^\/.*\/key\.pem$/),
      passwordFile: null,
      pollMs: 1000,
    })
    expect(put(`${sftp}\n      passwordFile: word`)).toMatchObject({ passwordFile: expect.stringMatching(/^\/.*\/word$/) })
    expect(put(`kind: folder\n      ${drop}`)).toMatchObject({ kind: 'folder', outbox: '/oru', answers: '/ack', host: 'none' })
  })

  test('keeps leading zeros, tidies names, writes telephone numbers one way and names files absolutely', () => {
    const { config, directory } = load({
      edits: [
        ['pharmacies', 'Pharmacie du Canal', '"  Pharmacie   du Canal "'],
        ['destinations', 'cisis/oru', 'cisis/oru\n      caFile: ./authority.pem'],
      ],
      files: { 'authority.pem': '-----BEGIN CERTIFICATE-----\n' },
    })

    expect(config.pharmacies[1]).toMatchObject({ finess: '019999044', postalCode: '01000' })
    expect(config.pharmacies.map(({ name, phone }) => [name, phone])).toEqual([
      ['Pharmacie du Canal', '+33199001234'],
      ['Pharmacie des Tilleuls', '+33199001235'],
      ['Pharmacie de la Citadelle', null],
    ])
    expect(config.destinations[1]?.transport).toMatchObject({ caFile: `${directory}/authority.pem` })
  })

  test('follows an alias to the anchor above it', () => {
    const { config } = load({
      edits: [
        ['destinations', 'kind: https\n      url: https://reception', 'kind: &kind https\n      url: https://reception'],
        ['destinations', 'kind: https\n      url: https://plateforme', 'kind: *kind\n      url: https://plateforme'],
      ],
    })

    expect(config.destinations[1]?.transport.kind).toBe('https')
  })

  test('cannot be changed by anybody who holds it', () => {
    const { config } = load({})

    expect(() => Object.assign(config.sessions, { idleMinutes: 600 })).toThrow(TypeError)
    expect(() => Object.assign(config.destinations[0] ?? {}, { billed: false })).toThrow(TypeError)
  })

  test('is valid through the last day of the certificate, Paris time, and not a minute longer', () => {
    const lastMinute = new Date('2027-11-30T22:59:00Z')
    withExampleConfig({}, ({ env }) => {
      expect(loadConfig(env, { now: lastMinute }).ok).toBe(true)
      expect(loadConfig(env, { now: new Date('2027-11-30T23:00:00Z') }).ok).toBe(false)
    })
  })
})

describe('the demo and test profiles', () => {
  const simulators: ExampleChanges['edits'] = [
    ['gateway', 'publicUrl: https://depistage.pharmacies.example', 'publicUrl: http://127.0.0.1:8080'],
    ['gateway', 'issuer: https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet', 'issuer: http://127.0.0.1:4000'],
    ['gateway', '    - auth.esw.esante.gouv.fr\n    - wallet.esw.esante.gouv.fr\n', '    - 127.0.0.1:4000\n'],
    ['gateway', 'expectIssParameter: true', 'insecureAllowHttp: true'],
    ['gateway', 'certificateValidUntil: 2027-11-30', 'certificateValidUntil: 2020-01-01'],
    [
      'destinations',
      'https://plateforme.region.example/cisis/oru',
      'http://127.0.0.1:4100\n      insecureAllowPlainHttp: true\n      privateNetworks: [127.0.0.0/8]',
    ],
    ['destinations', 'billed: false', 'billed: false\n    test: true'],
    ['pharmacies', 'Pharmacie du Canal', 'Démo Pharmacie du Canal'],
  ]

  test.each(['demo', 'test'])('%s: takes plain http where it is allowed loudly, invented names and plain secrets', (profile) => {
    const plain = { PSC_CLIENT_SECRET_FILE: undefined, PSC_CLIENT_SECRET: 'short', LOG_LEVEL: 'debug' }
    const { config, secrets } = load({ edits: simulators, env: { PASSERELLE_PROFILE: profile, ...plain } })

    expect(config).toMatchObject({ profile, logLevel: 'debug', publicUrl: 'http://127.0.0.1:8080' })
    expect(config.signIn.allowedEndpointHosts).toEqual(['127.0.0.1:4000'])
    expect(secrets.pscClientSecret).toBe('short')
  })

  test('plain http that nobody allowed is refused there too', () => {
    const edits = simulators.filter(([, , put]) => put !== 'insecureAllowHttp: true')
    expect(() => load({ edits, env: { PASSERELLE_PROFILE: 'demo' } })).toThrow('signIn.issuer: plain http: expected https')
  })
})

describe('secrets', () => {
  test('are read from their files, less one newline at the end', () => {
    const { secrets } = load({
      env: { DATABASE_OWNER_URL_FILE: '@/DATABASE_OWNER_URL', KEYSTORE_OWNER_URL_FILE: '@/KEYSTORE_OWNER_URL' },
    })

    expect(secrets).toEqual({
      databaseUrl: exampleSecrets.DATABASE_URL.trim(),
      databaseOwnerUrl: exampleSecrets.DATABASE_OWNER_URL.trim(),
      keystoreDatabaseUrl: exampleSecrets.KEYSTORE_DATABASE_URL.trim(),
      keystoreOwnerUrl: exampleSecrets.KEYSTORE_OWNER_URL.trim(),
      rootKeysJwks: exampleSecrets.ROOT_KEYS,
      pscClientSecret: exampleSecrets.PSC_CLIENT_SECRET.trim(),
      auditKeyPem: exampleSecrets.AUDIT_KEY,
      signingKeysJwks: null,
    })
  })

  test('of owners are not asked of those who serve', () => {
    expect(load({}).secrets).toMatchObject({ databaseOwnerUrl: null, keystoreOwnerUrl: null })
  })

  test('of owners are all that a migration needs', () => {
    const env = {
      PASSERELLE_CONFIG_DIR: '/nowhere',
      DATABASE_URL_FILE: undefined,
      KEYSTORE_DATABASE_URL_FILE: undefined,
      PSC_CLIENT_SECRET_FILE: undefined,
      ROOT_KEYS_FILE: undefined,
      DATABASE_OWNER_URL_FILE: '@/DATABASE_OWNER_URL',
    }
    withExampleConfig({ env: { ...env, KEYSTORE_OWNER_URL_FILE: '@/KEYSTORE_OWNER_URL' } }, (example) =>
      expect(loadOwnerUrls(example.env)).toEqual({
        ok: true,
        value: {
          databaseOwnerUrl: exampleSecrets.DATABASE_OWNER_URL.trim(),
          keystoreOwnerUrl: exampleSecrets.KEYSTORE_OWNER_URL.trim(),
        },
      }),
    )
    const owners = { ...env, KEYSTORE_OWNER_URL_FILE: '@/KEYSTORE_OWNER_URL' }
    withExampleConfig({ env: { ...owners, PASSERELLE_PROFILE: 'prod' } }, (example) =>
      expect(loadOwnerUrls(example.env)).toMatchObject({ ok: false, problem: [{ key: 'PASSERELLE_PROFILE' }] }),
    )
    withExampleConfig({ env: { ...env, PORT: 'x' } }, (example) => {
      const urls = loadOwnerUrls(example.env)
      expect(urls.ok ? [] : urls.problem.map((mistake) => mistake.key)).toEqual(['KEYSTORE_OWNER_URL', 'PORT'])
    })
  })

  test('that are root keys are judged by the reader that is passed in, each mistake at its place in the file', () => {
    const parseRootKeys = (text: string) =>
      text.includes('root-1') ? fail([{ key: 'keys[0].k', message: '32 bytes' }]) : ok(null)
    withExampleConfig({}, ({ env }) => {
      const loaded = loadConfig(env, { now, parseRootKeys })
      expect(loaded.ok ? '' : printMistakes(loaded.problem)).toBe(
        'environment  ROOT_KEYS_FILE: in its file, keys[0].k: expected 32 bytes',
      )
    })
  })
})
