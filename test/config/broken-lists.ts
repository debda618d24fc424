/** Broken `pharmacies.yaml` and `test-kits.yaml`: each row is a small edit of the example. */
import type { BrokenConfig } from './broken-config.ts'

export const brokenLists: readonly BrokenConfig[] = [
  {
    title: 'a FINESS number with a wrong key',
    edits: [['pharmacies', 'finess: "759999014', 'finess: "759999015']],
    mistakes: [
      'pharmacies.yaml:5:13  pharmacies[0].finess: is not a FINESS number: its last digit (the Luhn key) does not agree with the others',
    ],
  },
  {
    title: 'a FINESS number with a digit too few',
    edits: [['pharmacies', 'finess: "759999014"', 'finess: "75999901"']],
    mistakes: ['pharmacies.yaml:5:13  pharmacies[0].finess: expected a FINESS number: nine digits (or 2A, 2B and seven digits)'],
  },
  {
    title: 'a FINESS number without its quotes',
    edits: [['pharmacies', 'finess: "019999044"', 'finess: 019999044']],
    mistakes: [
      'pharmacies.yaml:12:13  pharmacies[1].finess: expected a FINESS number in quotes, found a number: put it in quotes',
    ],
  },
  {
    title: 'two pharmacies with one FINESS number',
    edits: [['pharmacies', '2A9999017', '75 9999 014']],
    mistakes: ['pharmacies.yaml:19:13  pharmacies[2].finess: another pharmacy of the list has this FINESS number'],
  },
  {
    title: 'a postal code without its quotes',
    edits: [['pharmacies', '"01000"', '01000']],
    mistakes: [
      'pharmacies.yaml:15:17  pharmacies[1].postalCode: expected a postal code of five digits, in quotes, found a number: put it in quotes',
    ],
  },
  {
    title: 'a pharmacy without a name',
    edits: [['pharmacies', '    name: Pharmacie du Canal\n', '']],
    mistakes: ['pharmacies.yaml:5:5  pharmacies[0].name: missing: expected one line of text, 1 to 120 characters'],
  },
  {
    title: 'a name that turns the line around',
    edits: [['pharmacies', 'du Canal', 'du \u202eCanal']],
    mistakes: ['pharmacies.yaml:6:11  pharmacies[0].name: expected text without hidden characters'],
  },
  {
    title: "a pharmacy of the demonstration's",
    edits: [['pharmacies', 'Pharmacie du Canal', 'Démo Pharmacie']],
    mistakes: ['pharmacies.yaml:6:11  pharmacies[0].name: names something of the demonstration: refused in production'],
  },
  {
    title: 'a telephone number that is not one',
    edits: [['pharmacies', '"01 99 00 12 34"', '"le matin"']],
    mistakes: [
      'pharmacies.yaml:10:12  pharmacies[0].phone: expected a telephone number in quotes, such as "01 23 45 67 89" or "+33123456789"',
    ],
  },
  {
    title: 'a key of a pharmacy misspelt',
    edits: [['pharmacies', 'addressLine: 14', 'adressLine: 14']],
    mistakes: [
      'pharmacies.yaml:5:5  pharmacies[0].addressLine: missing: expected one line of text, 1 to 120 characters',
      'pharmacies.yaml:7:5  pharmacies[0].adressLine: unknown key: did you mean addressLine?',
    ],
  },
  {
    title: 'a list that is not one',
    edits: [['pharmacies', 'pharmacies:\n  - finess: "759999014"', 'pharmacies:\n    finess: "759999014"']],
    mistakes: [
      'pharmacies.yaml:11:1  two keys on one line: put a value that holds ": " in quotes, or begin a new line',
      'pharmacies.yaml:12:3  a key goes over several lines: a colon is probably missing',
    ],
  },
  {
    title: 'a pharmacy that no destination serves',
    edits: [['destinations', 'pharmacies: all', 'pharmacies: ["759999014"]']],
    mistakes: ['pharmacies.yaml:19:13  pharmacies[2].finess: no destination serves this pharmacy: its captures would go nowhere'],
  },
  {
    title: 'two kits with one id',
    edits: [['test-kits', '"1232"', '"1833"']],
    mistakes: ['test-kits.yaml:7:11  testKits[1].id: another test kit of the list has this id'],
  },
  {
    title: 'an analyte misspelt',
    edits: [['test-kits', 'influenza-b]', 'influenzaB]']],
    mistakes: [
      'test-kits.yaml:25:41  testKits[14].analytes[2]: expected one of sars-cov-2, influenza-a, influenza-b, rsv, strep-a; did you mean influenza-b?',
    ],
  },
  {
    title: 'an analyte listed twice',
    edits: [['test-kits', 'influenza-b]', 'influenza-a]']],
    mistakes: ['test-kits.yaml:25:41  testKits[14].analytes[2]: is listed twice'],
  },
  {
    title: 'a kit that reads nothing',
    edits: [['test-kits', '[sars-cov-2, influenza-a, influenza-b]', '[]']],
    mistakes: ['test-kits.yaml:25:15  testKits[14].analytes: expected a list of 1 to 5 analytes, found 0'],
  },
  {
    title: 'a kit id without its quotes',
    edits: [['test-kits', '"1833"', '1833']],
    mistakes: [
      'test-kits.yaml:6:11  testKits[0].id: expected an identifier of up to 40 letters, digits, dots and hyphens, in quotes, found a number: put it in quotes',
    ],
  },
  {
    title: 'an issuer of UDIs that nobody knows',
    edits: [['test-kits', 'issuer: gs1', 'issuer: gs2']],
    mistakes: ['test-kits.yaml:27:15  testKits[14].udi.issuer: expected one of gs1, hibcc, iccbba; did you mean gs1?'],
  },
  {
    title: 'two kits with one device identifier',
    edits: [
      [
        'test-kits',
        'COVID-VIRO, analytes: [sars-cov-2] }',
        'X, analytes: [rsv], udi: { issuer: gs1, deviceIdentifier: "00000000000017" } }',
      ],
    ],
    mistakes: ['test-kits.yaml:27:7  testKits[14].udi: another test kit of the list has this device identifier'],
  },
  {
    title: 'a kit of the demonstration',
    edits: [['test-kits', 'INVENTED-COMBO-1', 'demo-combo']],
    mistakes: ['test-kits.yaml:22:9  testKits[14].id: names something of the demonstration: refused in production'],
  },
  {
    title: 'a group of a pharmacy that is not there, and one twice',
    edits: [['pharmacies', '["759999014", "019999044"]', '["759999014", "75 9999 014", "750000010"]']],
    mistakes: [
      'pharmacies.yaml:27:31  groups[0].pharmacies[1]: is listed twice',
      'pharmacies.yaml:27:46  groups[0].pharmacies[2]: is no pharmacy of the list',
    ],
  },
  {
    title: 'an administrator whose number has a wrong digit',
    edits: [['pharmacies', '99900000011', '99900000012']],
    mistakes: [
      'pharmacies.yaml:28:14  groups[0].admins[0]: is not an RPPS number: its last digit (the Luhn key) does not agree with the others',
    ],
  },
  {
    title: 'an administrator who is named twice, and one by name',
    edits: [['pharmacies', '["99900000011"]', '["99900000011", "99900000011", "Dupont"]']],
    mistakes: [
      'pharmacies.yaml:28:29  groups[0].admins[1]: is listed twice',
      'pharmacies.yaml:28:44  groups[0].admins[2]: expected an RPPS number: eleven digits',
    ],
  },
  {
    title: 'a group that nobody administers',
    edits: [['pharmacies', '    admins: ["99900000011"]\n', '']],
    mistakes: ['pharmacies.yaml:26:5  groups[0].admins: missing: expected a list of 1 to 20 RPPS numbers'],
  },
]
