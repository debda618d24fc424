/** Carries messages as files of a mounted folder: written, made durable and renamed; the answer is a file too. */
import { constants, realpathSync } from 'node:fs'
import { type FileHandle, lstat, open, realpath, rename, unlink } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import type { FolderTransportSettings } from '../domain/destination-settings.ts'
import type { Transport } from './destination.ts'
import { type DropStore, StoreFailure, sendByDrop } from './file-drop.ts'
import { createGate } from './gate.ts'

/** Readable by the group, through which the program that takes the files reads them; by nobody else. */
const fileMode = 0o640
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/**
 * Throws where a folder is reached through a symbolic link, or both are the same. A folder that is not there yet (a medium
 * not mounted) is no fault of configuration: each attempt finds it missing and is tried again.
 */
export function openFolderTransport(options: {
  readonly settings: FolderTransportSettings
  readonly connectionsMax: number
}): Transport {
  const { settings, connectionsMax } = options
  const folders = { outbox: settings.outbox, answers: settings.answers }
  for (const folder of Object.values(folders)) ensureReal(folder)
  if (folders.outbox === folders.answers) throw new Error('messages and answers lie in two folders')
  const drop = { store: folderStore(folders), gate: createGate(connectionsMax), bounds: settings }
  return { send: (message, { signal }) => sendByDrop(drop, message, signal), close: async () => undefined }
}

function ensureReal(folder: string): void {
  if (!isAbsolute(folder)) throw new Error('a folder is named by its absolute path')
  try {
    if (realpathSync(folder) === folder) return
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  throw new Error('a folder is named by its real path, without symbolic links')
}

function folderStore(folders: Readonly<Record<'outbox' | 'answers', string>>): DropStore {
  /** Looked at each time: what was a folder at the start may be a link to elsewhere now. */
  const pathIn = async (place: 'outbox' | 'answers', name: string) => {
    const folder = folders[place]
    const real = await realpath(folder)
    if (real !== folder || !(await lstat(folder)).isDirectory()) throw new StoreFailure('address-refused')
    return join(folder, name)
  }
  return {
    read: async (place, name, bytesMax) => {
      const path = await pathIn(place, name)
      // NONBLOCK: a named pipe in our way must not hold us up.
      const file = await openIfThere(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      return file === null ? null : using(file, () => readRegular(file, bytesMax))
    },
    write: async (name, bytes) => {
      const path = await pathIn('outbox', name)
      await unlink(path).catch(ignoreAbsent)
      const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode)
      await using(file, async () => {
        await file.writeFile(bytes)
        await file.sync()
      })
    },
    rename: async (from, to) => {
      const [part, whole] = [await pathIn('outbox', from), await pathIn('outbox', to)]
      try {
        await rename(part, whole)
      } catch (error) {
        // An error of the medium itself tells nothing of what it wrote.
        if (codeOf(error) === 'EIO') throw error
        return false
      }
      const folder = await open(folders.outbox, O_RDONLY)
      await using(folder, () => folder.sync())
      return true
    },
    removeAnswer: async (name) => unlink(await pathIn('answers', name)).catch(ignoreAbsent),
  }
}

async function openIfThere(path: string, flags: number): Promise<FileHandle | null> {
  try {
    return await open(path, flags)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    // A symbolic link in the place of the file.
    if (codeOf(error) === 'ELOOP') throw new StoreFailure('address-refused', { cause: error })
    throw error
  }
}

async function readRegular(file: FileHandle, bytesMax: number): Promise<Uint8Array> {
  if (!(await file.stat()).isFile()) throw new StoreFailure('address-refused')
  const buffer = Buffer.alloc(bytesMax)
  let length = 0
  while (length < bytesMax) {
    const { bytesRead } = await file.read(buffer, length, bytesMax - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

async function using<T>(file: FileHandle, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await file.close()
  }
}

function ignoreAbsent(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}
