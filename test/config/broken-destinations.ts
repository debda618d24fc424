/** Broken `destinations.yaml`: each row is a small edit of the example. */
import type { BrokenConfig } from './broken-config.ts'

const second = 'url: https://plateforme.region.example/cisis/oru'
const sftp = 'kind: sftp\n      host: depot.region.example\n      user: passerelle\n      outbox: /oru\n      answers: /ack'

export const brokenDestinations: readonly BrokenConfig[] = [
  {
    title: 'an id with capitals',
    edits: [['destinations', 'national-file', 'National_File']],
    mistakes: [
      'destinations.yaml:5:9  destinations[0].id: expected an identifier of up to 40 lower-case letters, digits and single hyphens',
    ],
  },
  {
    title: 'two destinations with one id',
    edits: [['destinations', 'id: health-record', 'id: national-file']],
    mistakes: ['destinations.yaml:28:9  destinations[1].id: another destination of the list has this id'],
  },
  {
    title: 'a format misspelt',
    edits: [['destinations', 'format: ans-oru-cda', 'format: ans-oru-cdr']],
    mistakes: [
      'destinations.yaml:30:13  destinations[1].format: expected one of sidep-oru, bio-trod, ans-oru-cda; did you mean ans-oru-cda?',
    ],
  },
  {
    title: 'settings of one format for another',
    edits: [['destinations', 'format: sidep-oru', 'format: sidep-oru\n    ansOruCda: { publishToDmp: true }']],
    mistakes: ['destinations.yaml:8:16  destinations[0].ansOruCda: only a destination of format ans-oru-cda has this key'],
  },
  {
    title: 'a document hidden from the patient to whom it would be mailed',
    edits: [
      [
        'destinations',
        'format: ans-oru-cda',
        'format: ans-oru-cda\n    ansOruCda: { mailToPatient: true, hiddenFromPatient: true }',
      ],
    ],
    mistakes: [
      'destinations.yaml:31:33  destinations[1].ansOruCda.mailToPatient: what is hidden from the patient is not mailed to them: expected false',
    ],
  },
  {
    title: 'a transport that is not built',
    edits: [['destinations', `kind: https\n      ${second}`, `kind: sfpt\n      ${second}`]],
    mistakes: [
      'destinations.yaml:32:13  destinations[1].transport.kind: expected one of https, mllp, sftp, folder; did you mean sftp?',
    ],
  },
  {
    title: 'a transport that does not say its kind',
    edits: [['destinations', `kind: https\n      ${second}`, second]],
    mistakes: ['destinations.yaml:31:5  destinations[1].transport.kind: missing: expected one of https, mllp, sftp, folder'],
  },
  {
    title: 'a key of another kind of transport',
    edits: [
      ['destinations', `kind: https\n      ${second}`, 'kind: folder\n      outbox: /oru\n      answers: /ack\n      port: 22'],
    ],
    mistakes: [
      'destinations.yaml:35:7  destinations[1].transport.port: unknown key: expected one of kind, outbox, answers, pollMs, timeoutMs, answerBytesMax',
    ],
  },
  {
    title: 'messages and answers in one folder',
    edits: [['destinations', `kind: https\n      ${second}`, 'kind: folder\n      outbox: /oru\n      answers: /oru/']],
    mistakes: ['destinations.yaml:34:16  destinations[1].transport.answers: expected another folder than the outbox'],
  },
  {
    title: 'a folder that is relative',
    edits: [['destinations', `kind: https\n      ${second}`, 'kind: folder\n      outbox: oru\n      answers: /ack']],
    mistakes: ['destinations.yaml:33:15  destinations[1].transport.outbox: expected the absolute path of a folder'],
  },
  {
    title: 'a document over a transport of messages',
    edits: [
      ['destinations', 'format: ans-oru-cda', 'format: bio-trod'],
      ['destinations', `kind: https\n      ${second}`, 'kind: mllp\n      host: hl7.region.example\n      port: 2575'],
    ],
    mistakes: [
      'destinations.yaml:32:13  destinations[1].transport.kind: mllp carries HL7 v2 messages alone, and bio-trod is none: expected https, sftp or folder',
    ],
  },
  {
    title: 'a host with its port in one word',
    edits: [
      ['destinations', `kind: https\n      ${second}`, 'kind: mllp\n      host: hl7.region.example:2575\n      port: 2575'],
    ],
    mistakes: [
      'destinations.yaml:33:13  destinations[1].transport.host: expected a host name in lower case or an address, without its port',
    ],
  },
  {
    title: 'an address of a private network that is not declared',
    edits: [['destinations', second, 'url: https://[::ffff:10.1.2.3]/oru']],
    mistakes: [
      'destinations.yaml:33:12  destinations[1].transport.url: is an address of a private network: expected its network among privateNetworks',
    ],
  },
  {
    title: 'an address outside the private network that is declared',
    edits: [
      [
        'destinations',
        `kind: https\n      ${second}`,
        'kind: mllp\n      host: 192.168.4.7\n      port: 2575\n      privateNetworks: [10.0.0.0/8]',
      ],
    ],
    mistakes: [
      'destinations.yaml:33:13  destinations[1].transport.host: is an address of a private network: expected its network among privateNetworks',
    ],
  },
  {
    title: 'a server of which no key is pinned, and no way to sign in there',
    edits: [['destinations', `kind: https\n      ${second}`, `${sftp}\n      hostKeys: []`]],
    mistakes: [
      'destinations.yaml:34:13  destinations[1].transport.user: expected privateKeyFile or passwordFile beside it',
      'destinations.yaml:37:17  destinations[1].transport.hostKeys: expected a list of 1 to 10 fingerprints, found 0',
    ],
  },
  {
    title: 'a fingerprint of the old kind, and a password in place of its file',
    edits: [
      [
        'destinations',
        `kind: https\n      ${second}`,
        `${sftp}\n      hostKeys: ["MD5:16:27:ac:a5"]\n      password: HiddenWord9`,
      ],
    ],
    mistakes: [
      'destinations.yaml:34:13  destinations[1].transport.user: expected privateKeyFile or passwordFile beside it',
      'destinations.yaml:37:18  destinations[1].transport.hostKeys[0]: expected a fingerprint such as SHA256:… that ssh-keygen -l prints',
      'destinations.yaml:38:7  destinations[1].transport.password: unknown key: expected one of kind, host, port, user, hostKeys, privateKeyFile, passwordFile, outbox, answers, pollMs, timeoutMs, answerBytesMax, privateNetworks',
    ],
  },
  {
    title: 'both a key and a password, neither in its form',
    edits: [
      [
        'destinations',
        `kind: https\n      ${second}`,
        `${sftp}\n      hostKeys: ["SHA256:${'A'.repeat(43)}"]\n      privateKeyFile: key.ppk\n      passwordFile: two-lines`,
      ],
    ],
    files: { 'key.ppk': 'PuTTY-User-Key-File-3: HiddenWord9', 'two-lines': 'HiddenWord9\nand more\n' },
    mistakes: [
      'destinations.yaml:38:23  destinations[1].transport.privateKeyFile: the file is not in PEM form',
      'destinations.yaml:39:21  destinations[1].transport.passwordFile: expected one of privateKeyFile and passwordFile',
      'destinations.yaml:39:21  destinations[1].transport.passwordFile: the file does not hold one line of text',
    ],
  },
  {
    title: 'a destination in plain http',
    edits: [['destinations', second, second.replace('https', 'http')]],
    mistakes: ['destinations.yaml:33:12  destinations[1].transport.url: plain http: expected https'],
  },
  {
    title: 'a destination in plain http, allowed loudly, in production',
    edits: [['destinations', second, `${second.replace('https', 'http')}\n      insecureAllowPlainHttp: true`]],
    mistakes: ['destinations.yaml:34:31  destinations[1].transport.insecureAllowPlainHttp: is refused in production'],
  },
  {
    title: 'an address with a secret in its query',
    edits: [['destinations', '/hl7', '/hl7?token=HiddenWord9']],
    mistakes: [
      'destinations.yaml:10:12  destinations[0].transport.url: expected an address such as https://host.example/path, without user, password, query or fragment',
    ],
  },
  {
    title: 'a time-out in seconds',
    edits: [['destinations', 'timeoutMs: 30000', 'timeoutMs: 30']],
    mistakes: [
      'destinations.yaml:11:18  destinations[0].transport.timeoutMs: expected a whole number from 1000 to 120000, found 30',
    ],
  },
  {
    title: 'a time-out that outlives the lease',
    edits: [['destinations', 'timeoutMs: 30000', 'timeoutMs: 55000']],
    mistakes: [
      'destinations.yaml:11:18  destinations[0].transport.timeoutMs: expected at most 50000, ten seconds less than worker.leaseSeconds of gateway.yaml',
    ],
  },
  {
    title: "a lease shorter than a destination's usual time-out",
    edits: [['gateway', 'leaseSeconds: 60', 'leaseSeconds: 15']],
    mistakes: [
      'destinations.yaml:11:18  destinations[0].transport.timeoutMs: expected at most 5000, ten seconds less than worker.leaseSeconds of gateway.yaml',
      'destinations.yaml:31:5  destinations[1].transport.timeoutMs: expected at most 5000, ten seconds less than worker.leaseSeconds of gateway.yaml',
    ],
  },
  {
    title: 'a number with its unit',
    edits: [['destinations', 'answerBytesMax: 1048576', 'answerBytesMax: 1 MiB']],
    mistakes: [
      'destinations.yaml:12:23  destinations[0].transport.answerBytesMax: expected a whole number from 1024 to 16777216, found text',
    ],
  },
  {
    title: 'retries that begin above their cap',
    edits: [['destinations', 'capMs: 900000', 'capMs: 1000']],
    mistakes: ['destinations.yaml:22:15  destinations[0].retry.baseMs: expected at most capMs, which is 1000'],
  },
  {
    title: 'pauses that begin above their cap',
    edits: [['destinations', 'attemptsMax: 200', 'attemptsMax: 200\n    breaker:\n      holdMs: 20000\n      holdCapMs: 10000']],
    mistakes: ['destinations.yaml:26:15  destinations[0].breaker.holdMs: expected at most holdCapMs, which is 10000'],
  },
  {
    title: 'a certificate file that is not there',
    edits: [['destinations', second, `${second}\n      caFile: nowhere.pem`]],
    mistakes: ['destinations.yaml:34:15  destinations[1].transport.caFile: the file cannot be read (ENOENT)'],
  },
  {
    title: 'a certificate file that is not PEM',
    edits: [['destinations', second, `${second}\n      caFile: authority.pem`]],
    files: { 'authority.pem': 'HiddenWord9' },
    mistakes: ['destinations.yaml:34:15  destinations[1].transport.caFile: the file is not in PEM form'],
  },
  {
    title: 'a client certificate without its key',
    edits: [['destinations', second, `${second}\n      clientCertificateFile: client.pem`]],
    files: { 'client.pem': '-----BEGIN CERTIFICATE-----\n' },
    mistakes: ['destinations.yaml:34:30  destinations[1].transport.clientCertificateFile: expected clientKeyFile beside it'],
  },
  {
    title: 'no country',
    edits: [['destinations', 'oru\n    country: FR', 'oru']],
    mistakes: [
      'destinations.yaml:28:5  destinations[1].country: missing: production needs the country where the receiver stands',
    ],
  },
  {
    title: 'a receiver outside the EEA',
    edits: [['destinations', 'oru\n    country: FR', 'oru\n    country: GB']],
    mistakes: [
      'destinations.yaml:34:14  destinations[1].country: health data must stay in the European Economic Area: expected one of its countries',
    ],
  },
  {
    title: 'a country in small letters',
    edits: [['destinations', 'oru\n    country: FR', 'oru\n    country: fr']],
    mistakes: [
      'destinations.yaml:34:14  destinations[1].country: expected a country code of two capitals (ISO 3166-1), such as FR',
    ],
  },
  {
    title: 'a pharmacy that is not declared',
    edits: [['destinations', '"019999044"', '"699999025"']],
    mistakes: [
      'destinations.yaml:37:9  destinations[1].pharmacies[1]: pharmacies.yaml declares no pharmacy with this FINESS number',
    ],
  },
  {
    title: 'a pharmacy number with a wrong key',
    edits: [['destinations', '"019999044"', '"019999045"']],
    mistakes: [
      'destinations.yaml:37:9  destinations[1].pharmacies[1]: is not a FINESS number: its last digit (the Luhn key) does not agree with the others',
    ],
  },
  {
    title: 'a number too short, which alone would serve its pharmacy',
    edits: [['destinations', 'pharmacies: all', 'pharmacies: ["759999014", "2A999901"]']],
    mistakes: [
      'destinations.yaml:25:31  destinations[0].pharmacies[1]: expected a FINESS number: nine digits (or 2A, 2B and seven digits)',
    ],
  },
  {
    title: 'a pharmacy listed twice',
    edits: [['destinations', '"019999044"', '"759999014"']],
    mistakes: ['destinations.yaml:37:9  destinations[1].pharmacies[1]: is listed twice'],
  },
  {
    title: 'a word for pharmacies that is not all',
    edits: [['destinations', 'pharmacies: all', 'pharmacies: toutes']],
    mistakes: [
      'destinations.yaml:25:17  destinations[0].pharmacies: expected the word all, or a list of FINESS numbers, found text',
    ],
  },
  {
    title: 'a destination that does not say whether it is billed',
    edits: [['destinations', '    billed: true\n', '']],
    mistakes: ['destinations.yaml:5:5  destinations[0].billed: missing: expected true or false'],
  },
  {
    title: 'a destination for trials that is billed',
    edits: [['destinations', 'billed: true', 'billed: true\n    test: true']],
    mistakes: [
      'destinations.yaml:26:13  destinations[0].billed: a destination for trials is never metered: expected false',
      'destinations.yaml:27:11  destinations[0].test: a receiver for trials is refused in production',
    ],
  },
  {
    title: "the demonstration's destination",
    edits: [['destinations', 'id: health-record', 'id: demo-record']],
    mistakes: ['destinations.yaml:28:9  destinations[1].id: names something of the demonstration: refused in production'],
  },
  {
    title: 'no destination',
    files: { 'destinations.yaml': 'destinations: []\n' },
    mistakes: ['destinations.yaml:1:15  destinations: expected a list of 1 to 20 destinations, found 0'],
  },
  {
    title: 'a question to a destination that recognises what it gets twice',
    edits: [
      [
        'destinations',
        '    deduplicates: control-id\n    concurrencyMax: 8',
        '    deduplicates: control-id\n    lookUp:\n      path: /held/\n    concurrencyMax: 8',
      ],
    ],
    mistakes: ['destinations.yaml:21:7  destinations[0].lookUp: has no use where deduplicates is control-id'],
  },
  {
    title: 'a question and an exchange that outlast the lease together',
    edits: [
      [
        'destinations',
        '    deduplicates: control-id\n    concurrencyMax: 8',
        '    lookUp:\n      path: /held/\n      timeoutMs: 30000\n    concurrencyMax: 8',
      ],
    ],
    mistakes: [
      'destinations.yaml:21:18  destinations[0].lookUp.timeoutMs: with transport.timeoutMs, expected ten seconds less than worker.leaseSeconds of gateway.yaml',
    ],
  },
  {
    title: 'a question that is no path',
    edits: [
      [
        'destinations',
        '    deduplicates: control-id\n    concurrencyMax: 8',
        '    lookUp:\n      path: held?id=\n    concurrencyMax: 8',
      ],
    ],
    mistakes: ['destinations.yaml:20:13  destinations[0].lookUp.path: expected an absolute path that ends with a slash'],
  },
]
