import { expect, test } from 'vitest'
import { hashToken, newToken, openForToken, sealForToken } from '../../src/auth/tokens.ts'

const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count))
const token = newToken(randomBytes)
const seal = (text: string) => sealForToken({ token, purpose: 'sign-in', text }, randomBytes)

test('what is sealed for a token opens with it, for the same purpose', async () => {
  for (const text of ['', 'x', 'é'.repeat(5000)])
    expect(await openForToken({ token, purpose: 'sign-in', sealed: await seal(text) })).toBe(text)
})

test('it opens neither with another token nor for another purpose, nor after a change of any byte', async () => {
  const sealed = await seal('secret')
  expect(await openForToken({ token: newToken(randomBytes), purpose: 'sign-in', sealed })).toBeNull()
  expect(await openForToken({ token, purpose: 'id-token', sealed })).toBeNull()
  for (let at = 0; at < sealed.length; at++) {
    const changed = Uint8Array.from(sealed, (byte, index) => (index === at ? byte ^ 1 : byte))
    expect(await openForToken({ token, purpose: 'sign-in', sealed: changed })).toBeNull()
  }
  expect(await openForToken({ token, purpose: 'sign-in', sealed: sealed.subarray(0, 20) })).toBeNull()
  expect(await openForToken({ token, purpose: 'sign-in', sealed: new Uint8Array() })).toBeNull()
})

test('sealing the same text twice gives two texts', async () => {
  expect(await seal('secret')).not.toEqual(await seal('secret'))
})

test('a token is 256 random bits, and its digest is not made of it by encoding', async () => {
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(new Set(Array.from({ length: 1000 }, () => newToken(randomBytes))).size).toBe(1000)
  const digest = await hashToken(token)
  expect(digest).toHaveLength(32)
  expect(Buffer.from(digest ?? []).toString('base64url')).not.toBe(token)
})
