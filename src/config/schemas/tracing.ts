/** Schema of `tracing` in `gateway.yaml`: the collector to which traces go, where there is one. */
import { country, flag, group, list, networkBlock, url, wholeNumber } from './parts.ts'

export const tracing = group({
  url: url().describe('Address at which the collector takes OTLP over HTTP, as a rule ending in /v1/traces.'),
  samplePercent: wholeNumber(1, 100).default(10).describe('Of a hundred requests or steps of the worker, how many are traced.'),
  privateNetworks: list(networkBlock(), { min: 0, max: 20, of: 'addresses' })
    .default([])
    .describe('Networks of private addresses in which the collector may stand.'),
  country: country().optional().describe('Country where the collector stands; mandatory in production.'),
  insecureAllowPlainHttp: flag().default(false).describe('Plain http to the collector; demo and test profiles only.'),
})
