/** A real Chromium from npm for the browser tests; `CHROMIUM_PATH` names another one. Reaches loopback and nothing else. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const packageFolder = new URL('../../node_modules/@sparticuz/chromium/', import.meta.url)

/** The package's own flags turn off web security, which is what the tests look at; these are ours instead. */
const flags = [
  '--headless=shell',
  // Chromium's sandbox needs user namespaces or a set-uid helper, and refuses root; the pages are our own.
  '--no-sandbox',
  '--no-zygote',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-first-run',
  '--no-pings',
  '--no-default-browser-check',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
]

export async function launchBrowser(): Promise<Browser> {
  const own = process.env.CHROMIUM_PATH
  const found = own ? { executablePath: own, env: {} } : unpackedChromium()
  return chromium.launch({
    executablePath: found.executablePath,
    args: flags,
    env: { ...process.env, ...found.env } as Record<string, string>,
    timeout: 60_000,
  })
}

/**
 * Unpacks the package once into a folder of this version under the temporary folder. Two test workers may do so at the
 * same time: each unpacks aside, and renaming is atomic, so nobody starts a browser that is half written.
 */
function unpackedChromium(): { executablePath: string; env: Record<string, string> } {
  const { version } = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `passerelle-chromium-${version}-${process.getuid?.() ?? 'user'}`)
  if (!existsSync(join(folder, 'chromium'))) unpackInto(folder)
  const executablePath = join(folder, 'chromium')
  const env = { FONTCONFIG_FILE: process.env.FONTCONFIG_FILE ?? join(folder, 'fonts.conf') }
  // The libraries that come along are only for machines that lack their own.
  if (starts(executablePath, env)) return { executablePath, env }
  return { executablePath, env: { ...env, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') } }
}

function starts(executablePath: string, env: Record<string, string>): boolean {
  return spawnSync(executablePath, ['--version'], { env: { ...process.env, ...env }, timeout: 30_000 }).status === 0
}

function unpackInto(folder: string): void {
  const aside = mkdtempSync(`${folder}-`)
  const code = `import chromium from ${JSON.stringify(`${packageFolder.href}build/index.js`)}; await chromium.executablePath()`
  const unpacked = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    // The package unpacks where TMPDIR says, and adds its libraries where it believes to run on that system.
    env: { ...process.env, TMPDIR: aside, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (unpacked.status !== 0) throw new Error(`could not unpack Chromium: ${unpacked.error?.message ?? unpacked.stderr}`)
  // The machine's fonts where it has some, and the package's own, so that there is always one.
  const folders = ['/usr/share/fonts', '/usr/local/share/fonts', join(folder, 'fonts')].map((path) => `<dir>${path}</dir>`)
  const fonts = `<?xml version="1.0"?><fontconfig>${folders.join('')}<cachedir>${join(folder, 'font-cache')}</cachedir></fontconfig>`
  writeFileSync(join(aside, 'fonts.conf'), fonts)
  try {
    renameSync(aside, folder)
  } catch (cause) {
    rmSync(aside, { recursive: true, force: true })
    if (!existsSync(join(folder, 'chromium'))) throw cause
  }
}
