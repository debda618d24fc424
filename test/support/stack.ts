/** The whole product for end-to-end tests: `startStack` on free ports in a folder that goes afterwards. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DemoConfigOptions, DemoPorts } from '../demo/folder.ts'
import { type Stack, startStack } from '../demo/stack.ts'
import { freePort } from './free-port.ts'

export async function startTestStack(options: DemoConfigOptions = {}): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-e2e-'))
  const stack = await startStack({ ...options, folder, ports: await freePorts() })
  return {
    ...stack,
    close: async () => {
      await stack.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Ports that nothing listens on at this moment, one for each part. */
export async function freePorts(): Promise<DemoPorts> {
  const ports = new Set<number>()
  while (ports.size < 5) ports.add(await freePort())
  const [gateway = 0, psc = 0, sidep = 0, managementGateway = 0, managementWorker = 0] = ports
  return { gateway, psc, sidep, managementGateway, managementWorker }
}
