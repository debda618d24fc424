/** The bundle of the image: what its sources import of Node's HTTP is the very thing, whichever way they ask for it. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundleProduct } from '../../compose/image/bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'passerelle-bundle-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function bundle(name: string, source: string): Promise<string> {
  writeFileSync(join(folder, `${name}.mjs`), source)
  await bundleProduct({ entries: { [name]: join(folder, `${name}.mjs`) }, folder: join(folder, 'made') })
  return join(folder, 'made', `${name}.js`)
}

/** What the bundled program prints, as JSON. */
const run = (file: string): unknown => JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' }))

const clientOfNode = `process.moduleLoadList.some((one) => one.endsWith('undici/undici'))`

test('default, named, namespace, required and dynamic imports of node:http are the module of Node', async () => {
  writeFileSync(join(folder, 'required.cjs'), `exports.http = require('http'); exports.https = require('node:https')`)
  const file = await bundle(
    'ways',
    `import http, { createServer, globalAgent, maxHeaderSize, STATUS_CODES as codes } from 'node:http'
    import https, { request } from 'https'
    import * as all from 'http'
    import required from './required.cjs'
    const real = process.getBuiltinModule('node:http')
    const realTls = process.getBuiltinModule('node:https')
    const server = createServer((_request, response) => response.end(codes[200])).listen(0, '127.0.0.1', async () => {
      const answer = await new Promise((got) => http.get({ port: server.address().port }, got))
      let body = ''
      for await (const chunk of answer) body += chunk
      server.close()
      const dynamic = await import('node:http')
      console.log(JSON.stringify({
        body,
        same: [http === real, globalAgent === real.globalAgent, maxHeaderSize === real.maxHeaderSize, https === realTls,
          request === realTls.request, required.http === real, required.https === realTls, dynamic.default === real],
        missing: Object.keys(real).filter((name) => all[name] === undefined),
      }))
    })`,
  )
  expect(run(file)).toEqual({ body: 'OK', same: Array(8).fill(true), missing: ['WebSocket', 'CloseEvent', 'MessageEvent'] })
})

test('to import node:http loads no client for browsers’ words, which takes a sixth of a start', async () => {
  const source = `import { createServer } from 'node:http'
    console.log(JSON.stringify([typeof createServer, ${clientOfNode}]))`
  expect(run(await bundle('light', source))).toEqual(['function', false])
  // As Node does it by itself: once it no longer does, the plugin of the bundle can go.
  expect(run(join(folder, 'light.mjs'))).toEqual(['function', true])
})

test('a name that the bundle leaves out stops it from being made', async () => {
  const source = `import { WebSocket } from 'node:http'
    console.log(new WebSocket('ws://127.0.0.1'))`
  await expect(bundle('costly', source)).rejects.toThrow(/WebSocket/)
})
