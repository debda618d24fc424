import type { LookupAddress } from 'node:dns'
import { describe, expect, test } from 'vitest'
import { createEgress } from '../../src/destinations/egress.ts'

/** What a connection would be made to, when the name server says this. */
function reached(answers: readonly string[], privateNetworks: readonly string[] = []): Promise<unknown> {
  const addresses: LookupAddress[] = answers.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const egress = createEgress(privateNetworks, (_, done) => done(null, addresses))
  return new Promise((resolve) => {
    egress.lookup('destination.example', { all: true }, (error, found) =>
      resolve(error ? ('code' in error ? error.code : error.message) : (found as LookupAddress[]).map(({ address }) => address)),
    )
  })
}

describe('a name of a destination', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fd00::1',
    'fe80::1',
    '::ffff:10.1.2.3',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::a01:203',
    '2002:a01:203::1',
  ])('that leads to %s leads nowhere, unless its network is declared', async (address) => {
    expect(await reached([address])).toBe('ERR_EGRESS_REFUSED')
  })

  test('leads to its public addresses alone, and to declared private ones', async () => {
    expect(await reached(['93.184.215.14', '10.1.2.3', '2606:2800:21f::1'])).toEqual(['93.184.215.14', '2606:2800:21f::1'])
    expect(await reached(['10.1.2.3', '10.2.2.3'], ['10.1.0.0/16'])).toEqual(['10.1.2.3'])
    expect(await reached(['fd00::7'], ['fd00::/8'])).toEqual(['fd00::7'])
    expect(await reached(['::ffff:10.1.2.3'], ['10.1.0.0/16'])).toEqual(['::ffff:10.1.2.3'])
  })

  test('without any address fails', async () => {
    expect(await reached([])).toBe('the name has no address')
  })

  test.each(['10.0.0.1', '[::1]', '[::ffff:192.168.1.1]'])('written as %s is refused at once', (host) => {
    expect(() => createEgress([]).ensureHost(host)).toThrow('private network')
    expect(() => createEgress(['10.0.0.0/8', '::1', '192.168.0.0/16']).ensureHost(host)).not.toThrow()
  })
})
