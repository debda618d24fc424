/** Sets of IP addresses by CIDR blocks, and the addresses that are nobody's on the public Internet. */
import { BlockList, isIP } from 'node:net'

/** True for an address of the set; false for one outside it and for what is no address. */
export type AddressSet = (address: string) => boolean

/**
 * `blocks` are addresses or CIDR blocks, already known to be well formed. IPv4 and IPv6 are kept apart, since an IPv6 block
 * would else be compared with IPv4 addresses in their mapped form; a mapped address is judged as the IPv4 address it is.
 */
export function addressSet(blocks: readonly string[]): AddressSet {
  const lists = { 4: new BlockList(), 6: new BlockList() }
  for (const block of blocks) {
    const [network = '', prefix] = block.split('/')
    const version = isIP(network) === 4 ? 4 : 6
    lists[version].addSubnet(network, prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix), `ipv${version}`)
  }
  return (address) => {
    const version = isIP(address)
    if (version === 0) return false
    const ipv4 = version === 4 ? address : mappedIpv4(address)
    return ipv4 === null ? lists[6].check(address, 'ipv6') : lists[4].check(ipv4, 'ipv4')
  }
}

/** IANA special-purpose registries (RFC 6890): this machine, private, link-local, shared, documentation, multicast, reserved. */
export const isSpecialAddress: AddressSet = addressSet([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  // ::/96, both NAT64 prefixes and 6to4 carry an IPv4 address inside: no way round the blocks above.
  ...['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16'],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
])

function mappedIpv4(address: string): string | null {
  // The URL parser writes every IPv6 address in its one canonical form.
  const canonical = URL.parse(`http://[${address.replace(/%.*$/, '')}]/`)?.hostname.slice(1, -1) ?? ''
  const [, high = '', low = ''] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? []
  if (high === '') return null
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
}
