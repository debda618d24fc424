/** The European Economic Area, where health data must be stored (HDS referential of 2024, requirement 28). */
const eeaCountries = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK'.split(' '),
)

/** `country` is ISO 3166-1 alpha-2, in capitals. */
export function isEeaCountry(country: string): boolean {
  return eeaCountries.has(country)
}
