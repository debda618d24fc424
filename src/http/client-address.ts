/** The address that a request came from: the peer's own, or what a proxy that we trust says. */
import { BlockList, isIP } from 'node:net'

const forwardedEntriesMax = 20

export type TrustedProxies = { includes(address: string): boolean }

/** `entries`: addresses or CIDR blocks; config has checked them, so a bad one throws `RangeError`. */
export function parseTrustedProxies(entries: readonly string[]): TrustedProxies {
  const blocks = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const version = isIP(address)
    if (version === 0) throw new RangeError('trusted proxy is not an address')
    const family = version === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) blocks.addAddress(address, family)
    else blocks.addSubnet(address, Number(prefix), family)
  }
  return {
    includes: (address) => isIP(address) !== 0 && blocks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  }
}

/**
 * Walks `X-Forwarded-For` from its end, for as long as the one who wrote the entry is a proxy that we trust;
 * what anybody else wrote there is never believed. Null where there is no peer (no socket).
 */
export function findClientAddress(peer: string | null, forwardedFor: string | null, trusted: TrustedProxies): string | null {
  if (peer === null) return null
  let address = plain(peer)
  const entries = (forwardedFor ?? '').split(',').slice(-forwardedEntriesMax)
  while (trusted.includes(address)) {
    const entry = plain(entries.pop()?.trim() ?? '')
    if (isIP(entry) === 0) break
    address = entry
  }
  return address
}

/** What a limit counts by: an IPv6 subscriber has a whole /64, so the block is one key. */
export function limitKeyOf(address: string | null): string {
  if (address === null) return 'unknown'
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':')
    while (groups.length + after.length < 8) groups.push('0')
    groups.push(...after)
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')}::/64`
}

/** IPv4 inside IPv6, as a dual-stack socket shows it, is the IPv4 address. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped?.[1] ?? address
}
