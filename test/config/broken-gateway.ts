/** Broken `gateway.yaml`: each row is a small edit of the example. */
import type { BrokenConfig } from './broken-config.ts'

const pscIssuer = 'issuer: https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet'
const hosting = `hosting:
  host: Hébergeur Exemple SAS
  certificateReference: HDS-0000-2024-EXEMPLE
  certificateValidUntil: 2027-11-30
  activities: [1, 2, 3, 4, 5, 6]
  country: FR
`
const hosts = `  allowedEndpointHosts:
    - auth.esw.esante.gouv.fr
    - wallet.esw.esante.gouv.fr
`

export const brokenGateways: readonly BrokenConfig[] = [
  {
    title: 'a former audit key without its hash',
    edits: [['gateway', 'publicUrl:', 'formerAuditKeys: ["ancienne.exemple.test/audit+AQID"]\npublicUrl:']],
    mistakes: ['gateway.yaml:4:19  formerAuditKeys[0]: expected a public key as `audit public-key` prints it'],
  },
  {
    title: 'a public address in plain http',
    edits: [['gateway', 'publicUrl: https:', 'publicUrl: http:']],
    mistakes: ['gateway.yaml:4:12  publicUrl: plain http is refused in production: expected https'],
  },
  {
    title: 'a public address with a path',
    edits: [['gateway', 'pharmacies.example\n', 'pharmacies.example/passerelle\n']],
    mistakes: [
      'gateway.yaml:4:12  publicUrl: expected an address such as https://host.example, with nothing after the host and port',
    ],
  },
  {
    title: 'a public address that holds a password',
    edits: [['gateway', 'https://depistage', 'https://admin:HiddenWord9@depistage']],
    mistakes: [
      'gateway.yaml:4:12  publicUrl: expected an address such as https://host.example, with nothing after the host and port',
    ],
  },
  {
    title: 'no public address',
    edits: [['gateway', 'publicUrl: https://depistage.pharmacies.example\n', '']],
    mistakes: [
      'gateway.yaml:1:1  publicUrl: missing: expected an address such as https://host.example, with nothing after the host and port',
    ],
  },
  {
    title: 'a key of the first level misspelt',
    edits: [['gateway', 'publicUrl:', 'publicURL:']],
    mistakes: [
      'gateway.yaml:1:1  publicUrl: missing: expected an address such as https://host.example, with nothing after the host and port',
      'gateway.yaml:4:1  publicURL: unknown key: did you mean publicUrl?',
    ],
  },
  {
    title: 'a key that nobody knows',
    edits: [['gateway', 'sessions:', 'telemetryCollector: x\n\nsessions:']],
    mistakes: [
      'gateway.yaml:20:1  telemetryCollector: unknown key: expected one of publicUrl, trustedProxies, securityContacts, signIn, sessions, worker, rootKeys, duplicateSearch, alarms, tracing, formerAuditKeys, hosting',
    ],
  },
  {
    title: 'a key named like the prototype',
    edits: [['gateway', 'sessions:', '__proto__: { idleMinutes: 1 }\n\nsessions:']],
    mistakes: [
      'gateway.yaml:20:1  __proto__: unknown key: expected one of publicUrl, trustedProxies, securityContacts, signIn, sessions, worker, rootKeys, duplicateSearch, alarms, tracing, formerAuditKeys, hosting',
    ],
  },
  {
    title: 'a proxy that is a name',
    edits: [['gateway', '10.20.0.0/24', 'proxy.internal']],
    mistakes: ['gateway.yaml:7:5  trustedProxies[0]: expected an IP address or a block such as 10.0.0.0/24, and never /0'],
  },
  {
    title: 'proxies that are everybody',
    edits: [['gateway', '10.20.0.0/24', '0.0.0.0/0']],
    mistakes: ['gateway.yaml:7:5  trustedProxies[0]: expected an IP address or a block such as 10.0.0.0/24, and never /0'],
  },
  {
    title: 'an issuer in plain http',
    edits: [['gateway', 'issuer: https:', 'issuer: http:']],
    mistakes: ['gateway.yaml:10:11  signIn.issuer: plain http: expected https'],
  },
  {
    title: 'an issuer in plain http, allowed loudly, in production',
    edits: [
      ['gateway', 'issuer: https:', 'issuer: http:'],
      ['gateway', 'expectIssParameter: true', 'insecureAllowHttp: true'],
    ],
    mistakes: ['gateway.yaml:16:22  signIn.insecureAllowHttp: is refused in production'],
  },
  {
    title: 'an issuer with a slash at the end',
    edits: [['gateway', pscIssuer, `${pscIssuer}/`]],
    mistakes: ['gateway.yaml:10:11  signIn.issuer: expected no slash at the end'],
  },
  {
    title: "the provider's test bench in production",
    edits: [
      ['gateway', 'https://auth.esw.esante', 'https://auth.bas.psc.esante'],
      ['gateway', hosts, ''],
    ],
    mistakes: ["gateway.yaml:10:11  signIn.issuer: the provider's test bench (bas) is refused in production"],
  },
  {
    title: 'a discovery document on a host that is not allowed',
    edits: [['gateway', 'clientId:', 'discoveryUrl: https://auth.elsewhere.example/wallet\n  clientId:']],
    mistakes: [
      "gateway.yaml:11:17  signIn.discoveryUrl: the discovery document's host is not among auth.esw.esante.gouv.fr, wallet.esw.esante.gouv.fr",
    ],
  },
  {
    title: "allowed hosts that leave the issuer's out",
    edits: [['gateway', '    - auth.esw.esante.gouv.fr\n', '']],
    mistakes: [
      "gateway.yaml:14:5  signIn.allowedEndpointHosts: the discovery document's host is not among wallet.esw.esante.gouv.fr",
    ],
  },
  {
    title: 'an allowed host written as an address',
    edits: [['gateway', '- wallet.esw', '- https://wallet.esw']],
    mistakes: [
      'gateway.yaml:15:7  signIn.allowedEndpointHosts[1]: expected a host name in lower case, with :port where it is not the usual one',
    ],
  },
  {
    title: "the demonstration's client",
    edits: [['gateway', 'passerelle-pharmacies-example', 'demo-gateway']],
    mistakes: ['gateway.yaml:11:13  signIn.clientId: names something of the demonstration: refused in production'],
  },
  {
    title: 'a client authentication that is not built',
    edits: [['gateway', 'client_secret_post', 'tls_client_auth']],
    mistakes: ['gateway.yaml:12:25  signIn.clientAuthentication: expected the word client_secret_post'],
  },
  {
    title: 'a switch answered in French',
    edits: [['gateway', 'expectIssParameter: true', 'expectIssParameter: oui']],
    mistakes: ['gateway.yaml:16:23  signIn.expectIssParameter: expected true or false, found text'],
  },
  {
    title: 'a sector that is not one',
    edits: [['gateway', 'SA38', 'pharmacie']],
    mistakes: ['gateway.yaml:18:29  signIn.pharmacistSectors[1]: expected a sector code such as SA33'],
  },
  {
    title: 'no sector at all',
    edits: [['gateway', '[SA33, SA38, SA39]', '[]']],
    mistakes: ['gateway.yaml:18:22  signIn.pharmacistSectors: expected a list of 1 to 20 sector codes, found 0'],
  },
  {
    title: 'a sign-in provider outside the EEA',
    edits: [['gateway', 'true\n  country: FR', 'true\n  country: US']],
    mistakes: [
      'gateway.yaml:17:12  signIn.country: health data must stay in the European Economic Area: expected one of its countries',
    ],
  },
  {
    title: 'an idle time beyond the bound',
    edits: [['gateway', 'idleMinutes: 15', 'idleMinutes: 45']],
    mistakes: ['gateway.yaml:21:16  sessions.idleMinutes: expected a whole number from 1 to 30, found 45'],
  },
  {
    title: 'an idle time longer than the whole session',
    edits: [['gateway', 'absoluteMinutes: 240', 'absoluteMinutes: 10']],
    mistakes: ['gateway.yaml:21:16  sessions.idleMinutes: expected at most absoluteMinutes, which is 10'],
  },
  {
    title: 'a whole session of twelve hours',
    edits: [['gateway', 'absoluteMinutes: 240', 'absoluteMinutes: 720']],
    mistakes: ['gateway.yaml:22:20  sessions.absoluteMinutes: expected a whole number from 5 to 240, found 720'],
  },
  {
    title: 'a number in quotes',
    edits: [['gateway', 'batchSize: 20', 'batchSize: "20"']],
    mistakes: ['gateway.yaml:26:14  worker.batchSize: expected a whole number from 1 to 200, found text'],
  },
  {
    title: 'a number that is not whole',
    edits: [['gateway', 'pollSeconds: 5', 'pollSeconds: 0.5']],
    mistakes: ['gateway.yaml:27:16  worker.pollSeconds: expected a whole number from 1 to 60, found 0.5'],
  },
  {
    title: 'a group left empty',
    edits: [['gateway', 'worker:\n  leaseSeconds: 60\n  batchSize: 20\n  pollSeconds: 5\n', 'worker:\n']],
    mistakes: ['gateway.yaml:24:8  worker: expected a group of keys, found nothing'],
  },
  {
    title: 'no declaration of the certified host',
    edits: [['gateway', hosting, '']],
    mistakes: ['gateway.yaml:1:1  hosting: missing: production needs the declaration of the certified host (HDS)'],
  },
  {
    title: 'a certificate that has expired',
    edits: [['gateway', '2027-11-30', '2026-11-22']],
    mistakes: ['gateway.yaml:33:26  hosting.certificateValidUntil: the certificate has expired'],
  },
  {
    title: 'a day that does not exist',
    edits: [['gateway', '2027-11-30', '2027-02-29']],
    mistakes: ['gateway.yaml:33:26  hosting.certificateValidUntil: expected a date that exists, as YYYY-MM-DD'],
  },
  {
    title: 'a host outside the EEA',
    edits: [['gateway', '6]\n  country: FR', '6]\n  country: CH']],
    mistakes: [
      'gateway.yaml:35:12  hosting.country: health data must stay in the European Economic Area: expected one of its countries',
    ],
  },
  {
    title: 'an activity listed twice',
    edits: [['gateway', '[1, 2, 3, 4, 5, 6]', '[1, 2, 2]']],
    mistakes: ['gateway.yaml:34:22  hosting.activities[2]: is listed twice'],
  },
  {
    title: 'an activity that does not exist',
    edits: [['gateway', '[1, 2, 3, 4, 5, 6]', '[1, 7]']],
    mistakes: ['gateway.yaml:34:19  hosting.activities[1]: expected the number of an HDS activity, 1 to 6, found 7'],
  },
  {
    title: 'root keys in a place that nobody knows',
    edits: [['gateway', 'sessions:', 'rootKeys: { kind: transti }\n\nsessions:']],
    mistakes: ['gateway.yaml:20:19  rootKeys.kind: expected one of file, transit, okms; did you mean transit?'],
  },
  {
    title: 'a transit engine in plain http, without a token, a key name or a country',
    edits: [['gateway', 'sessions:', 'rootKeys: { kind: transit, url: "http://coffre.example" }\n\nsessions:']],
    env: { ROOT_KEYS_FILE: undefined },
    mistakes: [
      'gateway.yaml:20:1  rootKeys.country: missing: production needs the country where the key service stands',
      'gateway.yaml:20:1  rootKeys.keyName: missing: expected up to 64 letters, digits, dots, underscores and hyphens',
      'gateway.yaml:20:1  rootKeys.tokenFile: missing: the transit engine is asked with a token',
      'gateway.yaml:20:33  rootKeys.url: plain http: expected https',
    ],
  },
  {
    title: 'a key service with half a certificate, a file that is not there, a primary key twice, beyond the area',
    edits: [
      [
        'gateway',
        'sessions:',
        `rootKeys:
  kind: okms
  url: https://eu-west-rbx.okms.example
  country: US
  primaryKeyId: 0d3b1f2a-0000-4000-8000-000000000001
  otherKeyIds: [0d3b1f2a-0000-4000-8000-000000000001]
  clientCertificateFile: client.pem

sessions:`,
      ],
    ],
    mistakes: [
      'gateway.yaml:23:12  rootKeys.country: health data must stay in the European Economic Area: expected one of its countries',
      'gateway.yaml:25:16  rootKeys.otherKeyIds: holds the primary key too',
      'gateway.yaml:26:26  rootKeys.clientCertificateFile: expected clientKeyFile beside it',
      'gateway.yaml:26:26  rootKeys.clientCertificateFile: the file cannot be read (ENOENT)',
    ],
  },
  {
    title: 'a key service that we prove nothing to',
    edits: [
      [
        'gateway',
        'sessions:',
        'rootKeys: { kind: okms, url: "https://okms.example", country: FR, primaryKeyId: 0d3b1f2a-0000-4000-8000-00000000000A }\n\nsessions:',
      ],
    ],
    mistakes: [
      'gateway.yaml:20:1  rootKeys.tokenFile: missing: expected a token, or clientCertificateFile and clientKeyFile',
      'gateway.yaml:20:81  rootKeys.primaryKeyId: expected the UUID of a service key, in lower case',
    ],
  },
  {
    title: 'a token file of two lines',
    edits: [
      [
        'gateway',
        'sessions:',
        'rootKeys: { kind: transit, url: "https://coffre.example", country: FR, keyName: k, tokenFile: token }\n\nsessions:',
      ],
    ],
    files: { token: 'HiddenWord9\nHiddenWord9\n' },
    mistakes: ['gateway.yaml:20:95  rootKeys.tokenFile: the file does not hold one line of text'],
  },
  {
    title: 'a population too small for any blind index',
    edits: [['gateway', 'sessions:', 'duplicateSearch: { screeningsPerPharmacy: 15 }\n\nsessions:']],
    mistakes: [
      'gateway.yaml:20:43  duplicateSearch.screeningsPerPharmacy: expected a whole number from 16 to 100000000, found 15',
    ],
  },
  {
    title: 'traces in plain http to a private address, from a country that nobody named',
    edits: [
      ['gateway', 'sessions:', 'tracing: { url: "http://10.0.0.9:4318/v1/traces", insecureAllowPlainHttp: true }\n\nsessions:'],
    ],
    mistakes: [
      'gateway.yaml:20:1  tracing.country: missing: production needs the country where the collector stands',
      'gateway.yaml:20:17  tracing.url: is an address of a private network: expected its network among privateNetworks',
      'gateway.yaml:20:75  tracing.insecureAllowPlainHttp: is refused in production',
    ],
  },
  {
    title: 'traces that leave the European Economic Area, more of them than there are',
    edits: [
      [
        'gateway',
        'sessions:',
        'tracing: { url: "https://collector.example/v1/traces", samplePercent: 101, country: US }\n\nsessions:',
      ],
    ],
    mistakes: [
      'gateway.yaml:20:71  tracing.samplePercent: expected a whole number from 1 to 100, found 101',
      'gateway.yaml:20:85  tracing.country: health data must stay in the European Economic Area: expected one of its countries',
    ],
  },
]
