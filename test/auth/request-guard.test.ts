import { describe, expect, test } from 'vitest'
import { checkUnsafeRequest, type UnsafeRequest } from '../../src/auth/request-guard.ts'

const publicUrl = 'https://passerelle.example.test'
const unsafeMethods = ['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'get', 'PROPFIND', 'TRACE', 'CONNECT', '']
const fetchSites = ['same-origin', 'same-site', 'cross-site', 'none', '', 'SAME-ORIGIN', 'same-origin, cross-site', null]
const foreignOrigins = [
  'https://evil.test',
  'http://passerelle.example.test',
  'https://passerelle.example.test:8443',
  'https://passerelle.example.test.evil.test',
  'https://sub.passerelle.example.test',
  'https://passerelle.example.test/',
  'https://passerelle.example.test, https://evil.test',
  'HTTPS://PASSERELLE.EXAMPLE.TEST',
  'null',
  '',
]
const goodTypes = [
  'application/x-www-form-urlencoded',
  'application/json',
  'multipart/form-data; boundary=x',
  'Application/JSON ; charset=utf-8',
  null,
]
const badTypes = ['text/plain', 'text/plain; application/json', 'application/jsonp', 'application/xml', 'x', '']

const good: UnsafeRequest = {
  method: 'POST',
  secFetchSite: 'same-origin',
  origin: publicUrl,
  contentType: 'application/x-www-form-urlencoded',
  publicUrl,
}

/** All combinations but the method: 8 × 12 × 11. */
const headers = fetchSites.flatMap((secFetchSite) =>
  [publicUrl, ...foreignOrigins, null].flatMap((origin) =>
    [...goodTypes, ...badTypes].map((contentType) => ({ secFetchSite, origin, contentType })),
  ),
)

test.each(unsafeMethods)('"%s" passes from our own pages with a type of ours, and in no other combination', (method) => {
  const passed = headers.filter((one) => checkUnsafeRequest({ ...one, method, publicUrl }).ok)
  const expected = headers.filter(
    ({ secFetchSite, origin, contentType }) =>
      (secFetchSite === 'same-origin' || secFetchSite === null) && origin === publicUrl && goodTypes.includes(contentType),
  )
  expect(expected).toHaveLength(2 * goodTypes.length)
  expect(passed).toEqual(expected)
})

describe('safe methods', () => {
  test.each(['GET', 'HEAD', 'OPTIONS'])('%s passes from anywhere: it changes nothing', (method) => {
    expect(checkUnsafeRequest({ ...good, method, secFetchSite: 'cross-site', origin: 'https://evil.test' }).ok).toBe(true)
  })
})

test.each([
  [{ secFetchSite: 'cross-site' }, 'fetch-site-differs'],
  [{ origin: null }, 'origin-missing'],
  [{ origin: 'null' }, 'origin-differs'],
  [{ contentType: 'text/plain' }, 'content-type-not-admitted'],
] as const)('the refusal of %o says %s', (change, problem) => {
  expect(checkUnsafeRequest({ ...good, ...change })).toEqual({ ok: false, problem })
})
