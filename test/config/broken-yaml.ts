/** Files that are not the YAML that we read. */
import type { BrokenConfig } from './broken-config.ts'

export const brokenYaml: readonly BrokenConfig[] = [
  { title: 'a file that is missing', files: { 'test-kits.yaml': null }, mistakes: ['test-kits.yaml  cannot be read (ENOENT)'] },
  {
    title: 'a file that is empty',
    files: { 'test-kits.yaml': '# nothing yet\n' },
    mistakes: ['test-kits.yaml:1:1  holds nothing'],
  },
  {
    title: 'a file above a mebibyte',
    files: { 'test-kits.yaml': `# ${'x'.repeat(1024 * 1024)}` },
    mistakes: ['test-kits.yaml  is larger than 1048576 bytes'],
  },
  {
    title: 'a file in Latin-1',
    files: { 'pharmacies.yaml': Uint8Array.of(0x61, 0x3a, 0x20, 0xe9, 0x0a) },
    mistakes: ['pharmacies.yaml  is not UTF-8 text'],
  },
  {
    title: 'a tab for indentation',
    edits: [['gateway', '  batchSize: 20', '\tbatchSize: 20']],
    mistakes: ['gateway.yaml:26:1  indentation is made of spaces: a tab stands here'],
  },
  {
    title: 'indentation that does not fit',
    edits: [['gateway', '  batchSize: 20', ' batchSize: 20']],
    mistakes: [
      'gateway.yaml:26:1  the indentation does not fit: expected the same spaces as the lines around it, or a closing bracket',
    ],
  },
  {
    title: 'a quote that is never closed',
    edits: [['pharmacies', '"75019"', '"75019']],
    mistakes: [
      'pharmacies.yaml:8:23  something is missing before this place: a closing quote or bracket, a colon, a comma, or the dash of a list entry',
    ],
  },
  {
    title: 'a value with a colon and no quotes',
    edits: [['pharmacies', 'Pharmacie du Canal', 'Pharmacie: du Canal']],
    mistakes: ['pharmacies.yaml:6:11  two keys on one line: put a value that holds ": " in quotes, or begin a new line'],
  },
  {
    title: 'a key given twice',
    edits: [['gateway', 'idleMinutes: 15', 'idleMinutes: 15\n  idleMinutes: 20']],
    mistakes: ['gateway.yaml:22:3  sessions.idleMinutes: is given twice: it stands on line 21 already'],
  },
  {
    title: 'a second document',
    edits: [['gateway', 'sessions:', '---\nsessions:']],
    mistakes: ['gateway.yaml:20:1  a second document begins here (---): expected one in the file'],
  },
  {
    title: 'a tag',
    edits: [['gateway', 'batchSize: 20', 'batchSize: !!binary MjA=']],
    mistakes: ['gateway.yaml:26:14  tags (!…) are not used here: take it away'],
  },
  {
    title: 'another version of YAML',
    files: { 'test-kits.yaml': '%YAML 1.1\n---\ntestKits: yes\n' },
    mistakes: ['test-kits.yaml:1:1  is written for another version of YAML: expected 1.2, or no %YAML line'],
  },
  {
    title: 'an alias of nothing',
    edits: [['gateway', 'batchSize: 20', 'batchSize: *usual']],
    mistakes: ['gateway.yaml:26:14  worker.batchSize: refers to an anchor (&…) that is not set above'],
  },
  {
    title: 'a list that holds itself',
    files: { 'test-kits.yaml': 'testKits: &kits\n  - *kits\n' },
    mistakes: ['test-kits.yaml:2:5  testKits[0]: refers to an anchor (&…) that holds it'],
  },
  {
    title: 'aliases that unfold without end',
    files: {
      'test-kits.yaml': `a: &a [${'1,'.repeat(99)}1]\nb: &b [${'*a,'.repeat(49)}*a]\ntestKits: [${'*b,'.repeat(49)}*b]\n`,
    },
    mistakes: ['test-kits.yaml:2:155  testKits[0][49]: follows more than 100 aliases'],
  },
  {
    title: 'brackets nested ten thousand deep',
    files: { 'test-kits.yaml': '['.repeat(10_000) },
    mistakes: ['test-kits.yaml:1:1  is nested too deep to be read'],
  },
  {
    title: 'lists nested twenty deep',
    files: { 'test-kits.yaml': `testKits: ${'['.repeat(20)}${']'.repeat(20)}\n` },
    mistakes: ['test-kits.yaml:1:22  testKits[0][0][0][0][0][0][0][0][0][0][0]: is nested more than 12 deep'],
  },
  {
    title: 'a file that is a list',
    files: { 'pharmacies.yaml': '- finess: "759999014"\n' },
    mistakes: ['pharmacies.yaml:1:1  expected a group of keys, found a list'],
  },
]
