/** Normalisation of names for blind indexes, with a version: an index of another version is never compared. */

/** Changing the rules below changes this number, and every index is computed again (crypto/README.md, blind indexes). */
export const normalisationVersion = 1

/** Letters that Unicode does not take apart, as identity papers write them in ASCII. */
const letters: Readonly<Record<string, string>> = {
  Æ: 'AE',
  Ð: 'D',
  Đ: 'D',
  Ø: 'O',
  Œ: 'OE',
  Þ: 'TH',
  ß: 'SS',
  ẞ: 'SS',
  Ł: 'L',
  Ħ: 'H',
  ı: 'I',
}

/**
 * Capital letters A–Z and digits only: accents, case, apostrophes, hyphens, spaces and ligatures make no difference, so that
 * `D'ANGELO`, `d’Angelo` and `DANGELO` are one name, and so are `DE LA TOUR` and `DELATOUR`. Other scripts are kept as they are.
 */
export function normaliseName(name: string): string {
  return name
    .normalize('NFKD')
    .toUpperCase()
    .replaceAll(/[ÆÐĐØŒÞßẞŁĦı]/gu, (letter) => letters[letter] ?? letter)
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
}
