/** `node test/image/demo.ts`: the demonstration in containers, with compose.yaml's own flags; `node test/image/demo.ts down` takes it away again. */
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { copyComposeFiles, ownVolume, writeConfig } from './appliance.ts'
import { has, openEngine, run } from './engine.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, '.demo/containers')
const image = 'passerelle:0.1.0'
const clientSecret = 'only-in-demonstrations-73c2e8d1'
const url = 'http://localhost:8080'

const engine = openEngine(process.env['CONTAINER_TOOLS_DIR'])
if ('missing' in engine) throw new Error(engine.missing)
if (!has(image))
  run('docker', ['build', '--tag', image, '--build-arg', `NODE_IMAGE=${engine.images.node}`, root], { timeoutMs: 600_000 })
mkdirSync(folder, { recursive: true })
copyComposeFiles(engine, folder)
if (!existsSync(join(folder, 'secrets'))) {
  const setup = ['run', '--rm', '-i', '--user', '0', '--network', 'none', '--volume', `${folder}:/out`, image, 'setup', '/out']
  run('docker', [...setup, '--client-secret-stdin'], { input: `${clientSecret}\n` })
}
writeConfig(join(folder, 'config'), {
  url,
  issuer: 'http://psc.localhost:8081/auth/realms/esante-wallet',
  walletHost: 'psc.localhost:8081',
  sidepUrl: 'http://sidep:8082/oru',
})
const env = {
  APPLIANCE_FOLDER: folder,
  PASSERELLE_IMAGE: image,
  PASSERELLE_PROFILE: 'demo',
  GATEWAY_URL: url,
  DEMO_CLIENT_SECRET: clientSecret,
  REPOSITORY: root,
  NODE_IMAGE: engine.images.node,
  POSTGRES_IMAGE: engine.images.postgres,
}
for (const volume of ['database', 'keystore']) ownVolume(engine, `passerelle-demo_${volume}`)
const files = ['compose.yaml', 'compose.override.yaml', 'compose.demo.yaml'].flatMap((name) => ['-f', join(folder, name)])
const [command, ...before] = engine.compose
const asked = process.argv[2] === 'down' ? ['down', '--volumes'] : ['up', '--detach']
run(command, [...before, '-p', 'passerelle-demo', '--project-directory', folder, ...files, ...asked], { env })
console.log(
  asked[0] === 'down'
    ? 'taken away'
    : `Passerelle: ${url} · SI-DEP simulator: http://localhost:8082 · to end: node test/image/demo.ts down`,
)
