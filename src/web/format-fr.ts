/** Dates, times, numbers and names as people in France read them; times are those of Paris. */
import { parisDay, parisWallTime } from '../domain/paris-time.ts'
import type { Patient } from '../domain/patient.ts'

/** `23/11/2026`, from `YYYY-MM-DD`. */
export function frenchDate(day: string): string {
  const [year, month, date] = day.split('-')
  return `${date}/${month}/${year}`
}

const longDay = new Intl.DateTimeFormat('fr-FR', {
  timeZone: 'UTC',
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
})

/** `lundi 23 novembre 2026`, from `YYYY-MM-DD`. */
export function frenchLongDate(day: string): string {
  return longDay.format(new Date(`${day}T00:00:00Z`))
}

/** `18:35`. */
export function frenchTime(instant: Date): string {
  const { hour, minute } = parisWallTime(instant)
  return `${hour}:${minute}`
}

/** `23/11/2026 à 18:35`. */
export function frenchDateTime(instant: Date): string {
  return `${frenchDate(parisDay(instant))} à ${frenchTime(instant)}`
}

/** `23/11/2026 à 18:35:07`: where two events may share a minute. */
export function frenchExactTime(instant: Date): string {
  return `${frenchDateTime(instant)}:${parisWallTime(instant).second}`
}

/** `1 84 12 76 451 089 46`: as on the card. */
export function spacedNir(matricule: string): string {
  const cuts = [0, 1, 3, 5, 7, 10, 13, 15]
  return cuts
    .slice(0, -1)
    .map((cut, index) => matricule.slice(cut, cuts[index + 1]))
    .filter((part) => part !== '')
    .join('\u00a0')
}

/** `06 12 34 56 78` for a French number; others as they are. */
export function spacedPhone(phone: string): string {
  const national = /^\+33(\d{9})$/.exec(phone)?.[1]
  return national ? (`0${national}`.match(/../g) ?? []).join('\u00a0') : phone
}

/** `MARTIN Zoé`. */
export function personName(person: { readonly familyName: string; readonly givenName: string }): string {
  return `${person.familyName.toLocaleUpperCase('fr')} ${person.givenName}`
}

export function patientName(patient: Pick<Patient, 'birthName' | 'birthFirstName'>): string {
  return personName({ familyName: patient.birthName, givenName: patient.birthFirstName })
}

/** The day before or after, as `YYYY-MM-DD`. */
export function shiftDay(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}
