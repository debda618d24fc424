/** The release before, on the database of this one: what an upgrade runs for minutes, and what a rollback goes back to. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { runOnce } from '../demo/once.ts'
import { startTestStack } from '../support/stack.ts'

const root = resolve(import.meta.dirname, '../..')
const git = (...args: string[]) => spawnSync('git', args, { cwd: root, maxBuffer: 256 * 1024 * 1024 })
const tag = git('describe', '--tags', '--abbrev=0', '--match', 'v*').stdout?.toString().trim() ?? ''

test.skipIf(tag === '')(
  tag === ''
    ? 'the release before runs on this schema (skipped: no tag v… yet)'
    : `${tag} runs on this schema, and does the main job`,
  { timeout: 180_000 },
  async () => {
    const before = mkdtempSync(join(tmpdir(), 'passerelle-before-'))
    const stack = await startTestStack()
    try {
      const unpacked = spawnSync('tar', ['-x', '-C', before], { input: git('archive', tag).stdout })
      expect(unpacked.status).toBe(0)
      symlinkSync(join(root, 'node_modules'), join(before, 'node_modules'))
      await stack.gateway.stop()
      await stack.worker.stop()
      // Its own configuration: keys that this release added are mistakes to it.
      const { writeDemoConfig }: typeof import('../demo/folder.ts') = await import(join(before, 'test/demo/folder.ts'))
      const { startProcess, untilReady }: typeof import('../demo/processes.ts') = await import(
        join(before, 'test/demo/processes.ts')
      )
      writeDemoConfig(stack.folder, stack.ports)
      const logFolder = join(before, 'logs')
      mkdirSync(logFolder)
      const gateway = startProcess(['serve'], { name: 'gateway', env: stack.env, logFolder })
      const worker = startProcess(['work'], {
        name: 'worker',
        env: { ...stack.env, MANAGEMENT_PORT: String(stack.ports.managementWorker) },
        logFolder,
      })
      try {
        await untilReady(gateway, `http://127.0.0.1:${stack.ports.managementGateway}/readyz`)
        await untilReady(worker, `http://127.0.0.1:${stack.ports.managementWorker}/readyz`)
        expect(await runOnce(stack, 4)).toMatchObject({ captured: 4, accepted: 4, pending: 0 })
      } finally {
        await gateway.stop()
        await worker.stop()
      }
    } finally {
      await stack.close()
      rmSync(before, { recursive: true, force: true })
    }
  },
)
