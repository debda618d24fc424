/** The manifest of everything that is not a page: bytes in memory under a path that holds their hash. No file is ever opened. */
import { hash } from 'node:crypto'
import { utf8 } from '../base/bytes.ts'
import type { Asset } from '../http/app.ts'
import { favicon } from './favicon.ts'
import { script } from './script.ts'
import { style } from './style.ts'

const hashLength = 20

export type AssetPaths = { readonly style: string; readonly script: string; readonly favicon: string }

export function buildAssets(): { readonly assets: ReadonlyMap<string, Asset>; readonly paths: AssetPaths } {
  const assets = new Map<string, Asset>()
  const add = (extension: string, type: string, body: string) => {
    const bytes = new Uint8Array(utf8(body))
    const path = `/assets/${hash('sha256', bytes, 'hex').slice(0, hashLength)}.${extension}`
    assets.set(path, { bytes, type })
    return path
  }
  const paths = {
    style: add('css', 'text/css; charset=utf-8', style),
    script: add('js', 'text/javascript; charset=utf-8', script),
    favicon: add('svg', 'image/svg+xml', favicon),
  }
  return { assets, paths }
}
