/** Which text people may type: every French name and address passes, nothing that hides or breaks a message does. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findLineProblem, findNameProblem, findParagraphProblem, tidyText } from '../../src/domain/text-rules.ts'
import { anyText } from './any-text.ts'

const names = [
  'DUPONT',
  "N'GUYEN VAN THÉO",
  'DE LA TOUR',
  'O’Brien',
  "D'ANGELO",
  'Nguyễn',
  'Jean-Noël',
  'Ð',
  'Ðorđević',
  'Y',
  'O',
  'Æsa',
  'Œuvrard',
  'ŒUVRARD',
  'Zoë',
  'Loïc',
  'François',
  'Strauß',
  'ẞ',
  'Łukasz',
  'Çelik',
  'İnönü',
  'ıŞIK',
  'Þór',
  'Muñoz',
  'Kovács',
  'Dvořák',
  'Ștefan',
  'Saint-Exupéry',
  'd’Aboville--Martin',
  'ST. JOHN',
  "L'Haÿ-les-Roses",
]

const hidden = {
  'a NUL': '\0',
  'a bell': '\u0007',
  'an escape': '\u001b',
  'a delete': '\u007f',
  'a C1 control': '\u0085',
  'a right-to-left mark': '\u200f',
  'a right-to-left override': '\u202e',
  'an isolate': '\u2067',
  'a zero-width space': '\u200b',
  'a zero-width joiner': '\u200d',
  'a soft hyphen': '\u00ad',
  'a byte order mark within': '\ufeff',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'a variation selector': '\ufe0f',
  'a tag character': '\u{e0041}',
  'a private-use character': '\ue000',
  'an unassigned character': '\u{10ffff}',
  'a lone high surrogate': '\ud83d',
  'a lone low surrogate': '\ude00',
  'a Hangul filler': '\u3164',
  'a grapheme joiner': '\u034f',
} as const
const hiddenCases = Object.entries(hidden)

describe('a name', () => {
  test.for(names)('%s passes, in either normal form and in capitals', (name) => {
    for (const text of [name, name.normalize('NFD'), name.toLocaleUpperCase('fr')])
      expect(findNameProblem(tidyText(text), 50)).toBeNull()
    expect(tidyText(name.normalize('NFD'))).toBe(name)
  })

  test.for([
    ...['|', '^', '~', '\\', '&', '<script>', '<', '>', '"', ';', '=', '@', '#', '/', '(épouse)', ',', '%00', '$', '`', '_'],
    ...['DUPONT2', '٣', 'Ⅷ', '²'],
    ...['😀', '❤️', 'é😀', '👩‍⚕️', '🇫🇷'],
    ...['Иванов', 'Ωmega', 'محمد', '山田', 'раураl'],
    ...['-', "'", '.', '- -', 'ª', 'ǀ', 'A\u0301\u0302\u0303'],
    ...['A\rB', 'A\nB', 'A\r\nB', 'A\u000bB'],
  ])('%j is refused', (text) => {
    expect(findNameProblem(tidyText(text), 50)).toBe('forbidden-character')
    expect(
      findNameProblem(tidyText(`DU${text === '-' || text === "'" || text === '.' || text === '- -' ? '|' : text}PONT`), 50),
    ).toBe('forbidden-character')
  })

  test.for(hiddenCases)('with %s is refused', ([, character]) => {
    expect(findNameProblem(tidyText(`DU${character}PONT`), 50)).toBe('forbidden-character')
  })

  test('has a bound, met exactly', () => {
    expect(findNameProblem('A'.repeat(50), 50)).toBeNull()
    expect(findNameProblem('A'.repeat(51), 50)).toBe('too-long')
    expect(findNameProblem('A'.repeat(10_000), 50)).toBe('too-long')
    expect(findNameProblem('😀'.repeat(10_000), 50)).toBe('too-long')
  })

  test('that passes is made of Latin letters, spaces, apostrophes, hyphens and full stops alone', () => {
    const latin = fc.constantFrom(..."aÉđŁßẞőụ-’. '")
    const anything = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code))
    const text = fc
      .array(fc.oneof({ weight: 5, arbitrary: latin }, anything), { minLength: 1, maxLength: 5 })
      .map((all) => all.join(''))
    let passed = 0
    fc.assert(
      fc.property(text, (name) => {
        if (findNameProblem(name, 50) !== null) return
        passed++
        expect(name.replaceAll(/[\p{Script=Latin}'’\-. ]/gu, '')).toBe('')
        expect(name).not.toMatch(/[\d\p{M}\p{C}\p{S}\p{N}]/u)
      }),
      { numRuns: 1000 },
    )
    expect(passed).toBeGreaterThan(100)
  })
})

describe('a line and a paragraph', () => {
  test.for([
    '12 bis, rue de l’Église — Bât. B, 2ᵉ étage',
    '| ^ ~ \\ & are legal here',
    '<script>alert(1)</script>',
    "'; drop table screenings; --",
    'œ Œ € 3 °C ½ « guillemets »',
    'محمد 山田',
    'Ð',
  ])('take %j unchanged', (text) => {
    expect(findLineProblem(tidyText(text), 200)).toBeNull()
    expect(findParagraphProblem(text, 200)).toBeNull()
    expect(tidyText(text)).toBe(text)
  })

  test.for(hiddenCases)('refuse %s', ([, character]) => {
    expect(findLineProblem(tidyText(`a${character}b`), 200)).toBe('forbidden-character')
    expect(findParagraphProblem(`a${character}b`, 200)).toBe('forbidden-character')
  })

  test.for(['😀', '👩‍⚕️', '🇫🇷', '❤️', '👍🏽'])('refuse %s', (emoji) => {
    expect(findLineProblem(`a${emoji}`, 200)).toBe('forbidden-character')
    expect(findParagraphProblem(`a${emoji}`, 200)).toBe('forbidden-character')
  })

  test('a paragraph takes line breaks as LF; a line takes none', () => {
    expect(findParagraphProblem('a\nb\n\nc', 200)).toBeNull()
    for (const broken of ['a\nb', 'a\rb', 'a\r\nb']) expect(findLineProblem(tidyText(broken), 200)).toBe('forbidden-character')
    expect(findParagraphProblem('a\rb', 200)).toBe('forbidden-character')
  })

  test('have a bound, met exactly', () => {
    for (const findProblem of [findLineProblem, findParagraphProblem]) {
      expect(findProblem('a'.repeat(120), 120)).toBeNull()
      expect(findProblem('a'.repeat(121), 120)).toBe('too-long')
      expect(findProblem('|'.repeat(10_000), 120)).toBe('too-long')
    }
  })
})

describe('tidying', () => {
  test.for([
    ["  N'GUYEN VAN  THÉO ", "N'GUYEN VAN THÉO"],
    ['DE\u00a0LA\u202fTOUR', 'DE LA TOUR'],
    ['A\t\tB', 'A B'],
    ['Noe\u0308l', 'Noël'],
    ['\n DUPONT\r\n', 'DUPONT'],
  ] as const)('%j becomes %j', ([typed, kept]) => {
    expect(tidyText(typed)).toBe(kept)
  })

  test('done twice changes nothing more', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(tidyText(tidyText(text))).toBe(tidyText(text))
      }),
    )
  })

  test('changes nothing but spaces and the normal form', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const bare = (some: string) => some.normalize('NFC').replaceAll(/\s/gu, '').replaceAll('\ufeff', '')
        expect(bare(tidyText(text))).toBe(bare(text))
      }),
    )
  })
})
