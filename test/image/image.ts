/** `npm run image:test`: builds the image, runs the main job through compose with its very flags, and looks at everything from outside. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareAppliance } from './appliance.ts'
import { drillBreach } from './breach-drill.ts'
import { buildImages, canary, canaryImage, image } from './build.ts'
import { crawlCanaries } from './crawl-canaries.ts'
import { docker, has, openEngine } from './engine.ts'
import { lookAtImage } from './look-at-image.ts'
import { runProduction } from './production.ts'
import { runReplicas } from './replicas.ts'
import { createReport, type Report } from './report.ts'
import { runSingle } from './single.ts'

const usage = `npm run image:test -- [options]

  --only NAME   one of: image, single, breach, crawl, production, replicas (the image is built in any case)
  --keep        leave the images
  --reuse       take the images of an earlier run with --keep
  --help        this text

CONTAINER_TOOLS_DIR: folder with engine.sh and base-images.sh, for a machine without an engine or a registry.
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      keep: { type: 'boolean', default: false },
      reuse: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const engine = openEngine(process.env['CONTAINER_TOOLS_DIR'])
  if ('missing' in engine) {
    console.log(`skipped: image:test (${engine.missing})`)
    return 0
  }
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-image-'))
  const report = createReport()
  const wanted = (name: string) => values.only === undefined || values.only === name
  try {
    report.say(`engine ${docker('version', '--format', '{{.Server.Version}}').trim()}, ${engine.compose.join(' ')}`)
    for (const tag of engine.standIns) report.say(`stand-in for ${tag}: made on this machine from Debian packages`)
    if (!values.reuse) {
      const built = buildImages(engine, join(folder, 'context'))
      report.figure('image', `${built.megabytes} MB, of which node ${built.nodeMegabytes} MB; built in ${built.seconds} s`)
      report.check('the image is below 250 MB', built.megabytes < 250)
    }
    const single = await prepareAppliance(engine, { folder: join(folder, 'single'), image, scheme: 'http' })
    try {
      if (wanted('image'))
        await stage(report, 'image', () =>
          lookAtImage(report, { folder: join(folder, 'layers'), secrets: [...single.secrets, canary] }),
        )
      single.use(['compose.yaml', 'compose.override.yaml'], image)
      if (wanted('single')) await stage(report, 'single', () => runSingle(report, single))
      if (wanted('breach')) await stage(report, 'breach', () => drillBreach(report, single, join(folder, 'loot')))
      if (wanted('crawl')) await stage(report, 'crawl', () => crawlCanaries(report, single))
      // On the databases that the main job left.
      if (wanted('single') || wanted('production')) await stage(report, 'production', () => runProduction(report, engine, single))
    } finally {
      await single.close()
    }
    if (wanted('replicas')) await stage(report, 'replicas', () => runReplicas(report, engine, join(folder, 'replicas')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
    if (!values.keep) for (const tag of [image, canaryImage]) if (has(tag)) docker('rmi', '--force', tag)
    engine.close()
  }
  return report.end()
}

/** A part that breaks down fails the run, and the others still say what they find. */
async function stage(report: Report, name: string, run: () => Promise<void> | void): Promise<void> {
  try {
    await run()
  } catch (cause) {
    report.check(`${name} runs to its end`, false, String(cause))
  }
}

try {
  process.exitCode = await main()
} catch (cause) {
  console.error(cause)
  process.exitCode = 1
}
