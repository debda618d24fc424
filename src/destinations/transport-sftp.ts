/** Carries messages as files over SFTP, on one kept SSH connection that is made anew whenever it is lost. */
import { readFileSync } from 'node:fs'
import ssh2, { type SFTPWrapper } from 'ssh2'
import type { SftpTransportSettings } from '../domain/destination-settings.ts'
import type { Transport } from './destination.ts'
import { createEgress } from './egress.ts'
import { type DropStore, StoreFailure, sendByDrop } from './file-drop.ts'
import { createGate } from './gate.ts'
import { connectSftp, type SftpConnecting, type SftpCredentials, type SftpSession } from './sftp-session.ts'

/** A connection unused for so long is closed. */
const idleMaxMs = 10_000
/** Readable by the group, through which the program that takes the files reads them; by nobody else. */
const fileMode = 0o640
// CommonJS, of which Node shows only some names.

const { STATUS_CODE } = ssh2.utils.sftp

/** Opens nothing on the network yet. Throws on an address or a file that cannot be used: a fault of configuration. */
export function openSftpTransport(options: {
  readonly settings: SftpTransportSettings
  readonly connectionsMax: number
}): Transport {
  const { settings, connectionsMax } = options
  const egress = createEgress(settings.privateNetworks)
  egress.ensureHost(settings.host)
  if (settings.hostKeys.length === 0) throw new Error('at least one host key is pinned')
  if (settings.outbox === settings.answers) throw new Error('messages and answers lie in two folders')
  const connection = keepConnection({ settings, egress, credentials: readCredentials(settings) })
  const drop = { store: sftpStore(connection, settings), gate: createGate(connectionsMax), bounds: settings }
  return {
    send: async (message, { signal }) => {
      const result = await sendByDrop(drop, message, signal)
      // A connection that did not bring an answer may be the reason: the next message gets a fresh one.
      if (result.kind === 'answer-lost' || result.kind === 'not-sent') connection.retire()
      return result
    },
    close: async () => connection.close(),
  }
}

/** Read once, at opening: a file that is missing, or no key, stops the start and not the first declaration. */
function readCredentials({ privateKeyFile, passwordFile }: SftpTransportSettings): SftpCredentials {
  if ((privateKeyFile === null) === (passwordFile === null)) throw new Error('either a key or a password is given')
  if (passwordFile !== null) return { password: readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '') }
  const privateKey = readFileSync(privateKeyFile ?? '')
  if (ssh2.utils.parseKey(privateKey) instanceof Error) throw new Error('the key file holds no private key without passphrase')
  return { privateKey }
}

type Connection = ReturnType<typeof keepConnection>

/** One connection at a time serves all; an old one stays for those still at work on it, who end within `timeoutMs`. */
function keepConnection(connecting: SftpConnecting) {
  let current: Promise<SftpSession> | null = null
  const old = new Map<Promise<SftpSession>, NodeJS.Timeout>()
  let idle: NodeJS.Timeout | undefined
  let closed = false
  const end = (session: Promise<SftpSession>) => {
    clearTimeout(old.get(session))
    old.delete(session)
    session.then(
      ({ close }) => close(),
      () => undefined,
    )
  }
  const retire = () => {
    clearTimeout(idle)
    const session = current
    current = null
    if (session) old.set(session, setTimeout(() => end(session), connecting.settings.timeoutMs).unref())
  }
  const connect = () => {
    const session = connectSftp(connecting)
    // One that never came to be is nobody's: the next who asks tries again.
    session.catch(() => {
      if (current === session) current = null
    })
    current = session
    return session
  }
  return {
    retire,
    get: async (): Promise<SFTPWrapper> => {
      if (closed) throw new StoreFailure('unreachable')
      clearTimeout(idle)
      idle = setTimeout(retire, idleMaxMs).unref()
      const kept = current
      if (kept) {
        const session = await kept
        if (session.isOpen()) return session.sftp
        if (current === kept) current = null
      }
      return (await (current ?? connect())).sftp
    },
    close: () => {
      closed = true
      retire()
      for (const session of [...old.keys()]) end(session)
    },
  }
}

function sftpStore(connection: Connection, folders: { readonly outbox: string; readonly answers: string }): DropStore {
  const pathIn = (place: 'outbox' | 'answers', name: string) => `${folders[place].replace(/\/$/, '')}/${name}`
  return {
    read: async (place, name, bytesMax) => readFile(await connection.get(), pathIn(place, name), bytesMax),
    write: async (name, bytes) => {
      const sftp = await connection.get()
      const path = pathIn('outbox', name)
      await done((end) => sftp.unlink(path, end)).catch(ignoreAbsent)
      // `wx`: what somebody else puts there meanwhile is not written into.
      const handle = await value<Buffer>((end) => sftp.open(path, 'wx', { mode: fileMode }, end))
      await done((end) => sftp.write(handle, Buffer.from(bytes), 0, bytes.length, 0, end))
      await synchronise(sftp, handle)
      await done((end) => sftp.close(handle, end))
    },
    rename: async (from, to) => {
      const sftp = await connection.get()
      try {
        // The plain rename of version 3 fails where the name is taken; OpenSSH's own extension would write over it.
        await done((end) => sftp.rename(pathIn('outbox', from), pathIn('outbox', to), end))
        return true
      } catch (error) {
        if (isStatus(error)) return false
        throw error
      }
    },
    removeAnswer: async (name) => {
      const sftp = await connection.get()
      await done((end) => sftp.unlink(pathIn('answers', name), end)).catch(ignoreAbsent)
    },
  }
}

async function readFile(sftp: SFTPWrapper, path: string, bytesMax: number): Promise<Uint8Array | null> {
  const handle = await value<Buffer>((end) => sftp.open(path, 'r', end)).catch((error: unknown) => {
    if (codeOf(error) === STATUS_CODE.NO_SUCH_FILE) return null
    throw error
  })
  if (handle === null) return null
  const buffer = Buffer.alloc(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const read = await readSome(sftp, handle, { buffer, at: length })
    if (read === 0) break
    length += read
  }
  await done((end) => sftp.close(handle, end))
  return buffer.subarray(0, length)
}

/** Bytes read at a place, 0 at the end of the file. */
function readSome(sftp: SFTPWrapper, handle: Buffer, { buffer, at }: { buffer: Buffer; at: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    sftp.read(handle, buffer, at, buffer.length - at, at, (error, bytesRead) => {
      if (!error) resolve(bytesRead)
      else if (codeOf(error) === STATUS_CODE.EOF) resolve(0)
      else reject(error)
    })
  })
}

/** Durable before it has its name, where the server has OpenSSH's fsync; others are trusted to write what they acknowledge. */
async function synchronise(sftp: SFTPWrapper, handle: Buffer): Promise<void> {
  try {
    await done((end) => sftp.ext_openssh_fsync(handle, end))
  } catch (error) {
    // ssh2 throws at once where the extension was not announced; a status is the server's own failure.
    if (isStatus(error)) throw error
  }
}

type End = (error?: Error | null) => void

function done(call: (end: End) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()))
  })
}

function value<T>(call: (end: (error: Error | undefined, found: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, found) => (error ? reject(error) : resolve(found)))
  })
}

/** True for an answer of the server, which says that it did not do it; false where the connection ended before one came. */
function isStatus(error: unknown): boolean {
  return typeof codeOf(error) === 'number'
}

function ignoreAbsent(error: unknown): void {
  if (codeOf(error) !== STATUS_CODE.NO_SUCH_FILE) throw error
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}
