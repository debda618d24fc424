/** Requests to the sample house, as its own pages would send them. */
import type { Role } from '../../src/domain/roles.ts'
import { type House, publicUrl, tokenOf } from '../web/sample-house.ts'

export type Who = Role | 'unchosen' | null

export function cookieOf(who: Who): Record<string, string> {
  return who === null ? {} : { Cookie: `__Host-passerelle=${tokenOf(who)}` }
}

export function get(house: House, path: string, who: Who = null, headers: Record<string, string> = {}) {
  return house.app.request(path, { headers: { ...cookieOf(who), ...headers } })
}

export const ownForm = {
  Origin: publicUrl,
  'Sec-Fetch-Site': 'same-origin',
  'Content-Type': 'application/x-www-form-urlencoded',
}

export function post(house: House, path: string, who: Who, form: Record<string, string>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams(form).toString()
  return house.app.request(path, { method: 'POST', headers: { ...ownForm, ...cookieOf(who), ...headers }, body })
}
