/** Reads untyped JSON piece by piece: a value of another shape than expected counts as absent. */
export type Fields = Readonly<Record<string, unknown>>

const textLengthMax = 500

export function asRecord(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null
}

/** The records of a list, as far as `lengthMax`. */
export function asList(value: unknown, lengthMax: number): readonly Fields[] {
  if (!Array.isArray(value)) return []
  return value
    .slice(0, lengthMax)
    .map(asRecord)
    .filter((item) => item !== null)
}

/** Trimmed text; the empty text for what is absent, too long, or no text: Pro Santé Connect itself says "none" so. */
export function asText(value: unknown): string {
  return typeof value === 'string' && value.length <= textLengthMax ? value.trim() : ''
}

/** The code of `code` or `code^1.2.250.…`, in capitals. */
export function codeOf(value: unknown): string {
  const [code = ''] = asText(value).split('^')
  return code.trim().toUpperCase()
}
