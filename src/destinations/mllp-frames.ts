/** MLLP frames (HL7 v2 transport, release 1): `VT message FS CR`, read from whatever pieces the network makes of them. */
import { assert } from '../base/assert.ts'

const startOfBlock = 0x0b
const endOfBlock = 0x1c
const carriageReturn = 0x0d
const capacityFirst = 1_024

/** The frame around a message. Control characters cannot stand in it: the codec writes them as escapes. */
export function frameOf(message: Uint8Array): Uint8Array {
  assert(!message.includes(startOfBlock) && !message.includes(endOfBlock), 'a framed message holds no VT and no FS')
  return Buffer.concat([Buffer.of(startOfBlock), message, Buffer.of(endOfBlock, carriageReturn)])
}

/** `broken`: a second VT inside a frame, or an FS without its CR: nothing after it can be trusted to be a frame. */
export type FramesRead = { readonly frames: readonly Uint8Array[]; readonly problem: 'too-large' | 'broken' | null }

export type FrameReader = {
  /** The frames that this piece completes. Bytes before a VT are passed over, and count; after a problem nothing is read. */
  push(piece: Uint8Array): FramesRead
  /** True when nothing was read since the last frame ended. */
  isBetweenFrames(): boolean
}

/** `bytesMax` bounds everything read, garbage and framing included. */
export function createFrameReader(bytesMax: number): FrameReader {
  let state: 'outside' | 'inside' | 'ending' = 'outside'
  let content = Buffer.allocUnsafe(capacityFirst)
  let length = 0
  let bytesRead = 0
  let between = true
  let problem: FramesRead['problem'] = null

  const keep = (byte: number) => {
    if (length === content.length) content = Buffer.concat([content, Buffer.allocUnsafe(content.length)])
    content[length++] = byte
  }
  /** Takes one byte; the frame that it completes, or null. */
  const take = (byte: number): Uint8Array | null => {
    between = false
    if (state === 'outside') {
      if (byte === startOfBlock) state = 'inside'
    } else if (state === 'inside') {
      if (byte === endOfBlock) state = 'ending'
      else if (byte === startOfBlock) problem = 'broken'
      else keep(byte)
    } else if (byte === carriageReturn) {
      const frame = Uint8Array.prototype.slice.call(content, 0, length)
      length = 0
      state = 'outside'
      between = true
      return frame
    } else problem = 'broken'
    return null
  }
  return {
    push: (piece) => {
      const frames: Uint8Array[] = []
      for (const byte of piece) {
        if (problem !== null) break
        bytesRead += 1
        if (bytesRead > bytesMax) problem = 'too-large'
        else {
          const frame = take(byte)
          if (frame !== null) frames.push(frame)
        }
      }
      return { frames, problem }
    },
    isBetweenFrames: () => between && problem === null,
  }
}
