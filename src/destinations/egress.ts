/** The one place that decides to which addresses declarations may go: declared hosts, and private networks only where declared. */
import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { addressSet, isSpecialAddress } from '../base/address-blocks.ts'

/** Every address of a name, or the error of the resolver. */
export type ResolveHost = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void

export class EgressRefused extends Error {
  override readonly name = 'EgressRefused'
  readonly code = 'ERR_EGRESS_REFUSED'
}

export type Egress = {
  /**
   * For `net.connect`, `tls.connect` and undici: what it answers is what is connected to, so that a name cannot lead
   * elsewhere between the check and the connection. Addresses that are not allowed are left out; none left: it fails.
   */
  readonly lookup: LookupFunction
  /** Throws `EgressRefused` on an address, written as such, that is not allowed; names are judged when they are resolved. */
  ensureHost(host: string): void
}

const addressesMax = 64

/** `resolve` is a port for tests of hostile name servers; left out, the system resolves. */
export function createEgress(privateNetworks: readonly string[], resolve: ResolveHost = resolveBySystem): Egress {
  const declared = addressSet(privateNetworks)
  const allowed = (address: string) => !isSpecialAddress(address) || declared(address)
  const lookup: LookupFunction = (host, options, done) => {
    resolve(host, (error, addresses) => {
      if (error) return done(error, [])
      if (addresses.length === 0) return done(new Error('the name has no address'), [])
      const reachable = addresses.slice(0, addressesMax).filter(({ address }) => allowed(address))
      const [first] = reachable
      if (first === undefined) return done(refusal(), [])
      if (options.all) done(null, reachable)
      else done(null, first.address, first.family)
    })
  }
  return {
    lookup,
    ensureHost: (host) => {
      const address = host.replace(/^\[(.*)\]$/, '$1')
      if (isIP(address) !== 0 && !allowed(address)) throw refusal()
    },
  }
}

function refusal(): EgressRefused {
  return new EgressRefused('an address of a private network that the destination does not declare')
}

function resolveBySystem(host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void): void {
  systemLookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []))
}
