/** One SSH connection with its SFTP channel: the host key pinned, one way of proving who we are, modern algorithms, no shell. */
import { hash } from 'node:crypto'
import { connect as netConnect, type Socket } from 'node:net'
import ssh2, { type ConnectConfig, type SFTPWrapper } from 'ssh2'
import type { SftpTransportSettings } from '../domain/destination-settings.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { Egress } from './egress.ts'
import { StoreFailure } from './file-drop.ts'
import { connectFailure } from './tls-options.ts'

const connectTimeoutMaxMs = 10_000

/** ANSSI's recommendations for OpenSSH (NT-007): ephemeral elliptic curves, AES-GCM; no SHA-1, no CBC, no compression. */
const algorithms: NonNullable<ConnectConfig['algorithms']> = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com'],
  // Of no use beside GCM, but the negotiation wants one.
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  compress: ['none'],
}

export type SftpSession = {
  readonly sftp: SFTPWrapper
  isOpen(): boolean
  /** What the far side has not answered yet fails. */
  close(): void
}

export type SftpCredentials = { readonly privateKey: Buffer } | { readonly password: string }

export type SftpConnecting = {
  readonly settings: SftpTransportSettings
  readonly egress: Egress
  readonly credentials: SftpCredentials
}

/** Rejects with a `StoreFailure` that says why there is no session. Bounded by ten seconds. */
export function connectSftp({ settings, egress, credentials }: SftpConnecting): Promise<SftpSession> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({ host: settings.host, port: settings.port, lookup: egress.lookup })
    const client = new ssh2.Client()
    let hostKeyRefused = false
    let open = true
    const close = () => {
      open = false
      client.end()
      socket.destroy()
    }
    const fail = (code: FailureCode, cause?: unknown) => {
      clearTimeout(timer)
      close()
      reject(new StoreFailure(code, { cause }))
    }
    const timer = setTimeout(() => fail('unreachable'), Math.min(settings.timeoutMs, connectTimeoutMaxMs))
    socket.on('error', (error) => fail(connectFailure(error), error))
    socket.on('close', () => fail('unreachable'))
    client.on('close', () => fail('unreachable'))
    client.on('error', (error) => fail(hostKeyRefused ? 'host-key-refused' : codeOf(error), error))
    client.on('ready', () => {
      client.sftp((error, sftp) => {
        if (error) return fail('refused-for-now', error)
        clearTimeout(timer)
        sftp.on('close', close)
        resolve({ sftp, isOpen: () => open, close })
      })
    })
    socket.once('connect', () => {
      socket.setNoDelay(true)
      const verifyHostKey = (key: Buffer) => {
        hostKeyRefused = !settings.hostKeys.includes(fingerprintOf(key))
        return !hostKeyRefused
      }
      client.connect(configOf(socket, settings.user, credentials, verifyHostKey))
    })
  })
}

/** `SHA256:…` in Base64 without padding, as OpenSSH prints it. */
export function fingerprintOf(hostKey: Buffer): string {
  return `SHA256:${hash('sha256', hostKey, 'base64').replace(/=+$/, '')}`
}

function configOf(
  socket: Socket,
  username: string,
  credentials: SftpCredentials,
  hostVerifier: (key: Buffer) => boolean,
): ConnectConfig {
  const proof =
    'password' in credentials
      ? ({ type: 'password', username, password: credentials.password } as const)
      : ({ type: 'publickey', username, key: credentials.privateKey } as const)
  // Only the one way that is configured: a password is never offered where a key was refused, nor an agent asked.
  return { sock: socket, username, authHandler: [proof], hostVerifier, algorithms, readyTimeout: 0, agentForward: false }
}

/** ssh2 says at which step it failed, in `level`; nothing is decided on its texts. */
function codeOf(error: Error): FailureCode {
  const level = 'level' in error ? error.level : null
  if (level === 'client-authentication') return 'unauthorised-sender'
  return level === 'handshake' || level === 'protocol' ? 'tls-refused' : 'unreachable'
}
