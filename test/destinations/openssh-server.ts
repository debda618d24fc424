/** Debian's OpenSSH server, unprivileged, on a loopback port, with keys of its own in a temporary folder. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { freePort } from '../support/free-port.ts'

const sshd = '/usr/sbin/sshd'
/** Where root runs the tests the server runs as `daemon`: it needs no right of root's. Not `nobody`: nss-systemd calls it locked. */
const unprivileged = 1

/** Why there is no server here; null where there is one. */
export const opensshAbsent = existsSync(sshd) ? null : 'no OpenSSH server here: apt-get install openssh-server'

export type OpensshServer = {
  readonly port: number
  readonly user: string
  /** The uid under which files are written, where it is another than ours. */
  readonly owner: number | null
  readonly folder: string
  /** `SHA256:…` of its host key. */
  readonly fingerprint: string
  readonly privateKeyFile: string
  stop(): Promise<void>
}

/** `lines` are added to its configuration. */
export async function startOpenssh(lines: readonly string[] = []): Promise<OpensshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-sshd-'))
  const owner = userInfo().uid === 0 ? unprivileged : null
  const user = owner === null ? userInfo().username : 'daemon'
  const file = (name: string, content: string, mode = 0o600) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    chmodSync(path, mode)
    if (owner !== null) chownSync(path, owner, owner)
    return path
  }
  chmodSync(folder, 0o755)
  if (owner !== null) chownSync(folder, owner, owner)
  const host = ssh2.utils.generateKeyPairSync('ed25519')
  const ours = ssh2.utils.generateKeyPairSync('ed25519')
  const hostKey = file('host', host.private)
  const authorized = file('authorized', `${ours.public}\n`)
  const privateKeyFile = join(folder, 'client')
  writeFileSync(privateKeyFile, ours.private)
  mkdirSync(join(folder, 'drop'))
  const port = await freePort()
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorized}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitTTY no',
    // No shell on their side either: were one asked for, this test would fail.
    'ForceCommand internal-sftp',
    'Subsystem sftp internal-sftp',
    ...lines,
  ]
  const identity = owner === null ? {} : { uid: owner, gid: owner }
  const child = spawn(sshd, ['-D', '-e', '-f', file('config', config.join('\n'))], {
    ...identity,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-4_000)
  })
  await untilListening(port, child, () => said)
  const [, base64 = ''] = host.public.split(' ')
  const digest = createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64')
  return {
    port,
    user,
    owner,
    folder: join(folder, 'drop'),
    fingerprint: `SHA256:${digest.replace(/=+$/, '')}`,
    privateKeyFile,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null) {
        child.kill('SIGTERM')
        await ended
      }
      rmSync(folder, { recursive: true })
    },
  }
}

async function untilListening(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) break
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      }).on('error', () => resolve(false))
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`sshd did not start: ${said()}`)
}
