/** One MLLP connection over TLS: one message at a time, its one answer matched by MSA-2, broken off after anything odd. */
import { isIP } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { MllpTransportSettings } from '../domain/destination-settings.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import { findSegment, textAt } from '../formats/hl7v2/message.ts'
import { parseMessage } from '../formats/hl7v2/parse.ts'
import type { EncodedMessage, TransportResult } from './destination.ts'
import type { Egress } from './egress.ts'
import { createFrameReader, frameOf } from './mllp-frames.ts'
import { connectFailure, type readTlsOptions } from './tls-options.ts'

const connectTimeoutMaxMs = 10_000
/** Control ids whose answer was already read on this connection: a second copy of one is passed over, not taken for ours. */
const answeredMax = 16

export type MllpConnection = {
  /** True while a message may be written: the far side has neither closed nor said anything unasked. */
  isUsable(): boolean
  /** Writes the message and brings its answer; call it only while usable. Never rejects. */
  exchange(message: EncodedMessage, signal: AbortSignal): Promise<TransportResult>
  close(): void
}

export type MllpConnecting = {
  readonly settings: MllpTransportSettings
  readonly egress: Egress
  readonly tls: ReturnType<typeof readTlsOptions>
}

/** Resolves to a connection with its handshake done, to why there is none, or to null once `signal` ended. */
export function connectMllp(
  { settings, egress, tls }: MllpConnecting,
  signal: AbortSignal,
): Promise<MllpConnection | FailureCode | null> {
  const { host, port, timeoutMs, answerBytesMax } = settings
  return new Promise((resolve) => {
    // Server name indication holds no addresses (RFC 6066 §3).
    const servername = isIP(host) === 0 ? host : ''
    const socket = tlsConnect({ ...tls, host, port, servername, lookup: egress.lookup })
    const end = (outcome: MllpConnection | FailureCode | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      if (outcome === null || typeof outcome === 'string') socket.destroy()
      resolve(outcome)
    }
    const stop = () => end(null)
    const timer = setTimeout(() => end('unreachable'), Math.min(timeoutMs, connectTimeoutMaxMs))
    signal.addEventListener('abort', stop, { once: true })
    // Stays for the connection's whole life: an error is followed by `close`, which is what everything else listens to.
    socket.on('error', (error) => end(connectFailure(error)))
    socket.once('close', () => end('unreachable'))
    socket.once('secureConnect', () => {
      socket.setNoDelay(true)
      end(createConnection(socket, answerBytesMax))
    })
  })
}

function createConnection(socket: TLSSocket, answerBytesMax: number): MllpConnection {
  const answered: string[] = []
  let usable = true
  let onPiece: ((piece: Uint8Array) => void) | null = null
  let onEnd: (() => void) | null = null
  const breakOff = () => {
    usable = false
    socket.destroy()
  }
  socket.on('data', (piece: Uint8Array) => {
    // Said unasked, between two messages: what is left of it would be read as the next answer.
    if (onPiece) onPiece(piece)
    else breakOff()
  })
  const ended = () => {
    breakOff()
    onEnd?.()
  }
  socket.once('end', ended)
  socket.once('close', ended)
  return {
    isUsable: () => usable && socket.writable && !socket.readableEnded,
    exchange: (message, signal) =>
      new Promise((resolve) => {
        const reader = createFrameReader(answerBytesMax)
        const finish = (result: TransportResult, whole: boolean) => {
          if (onPiece === null) return
          onPiece = null
          onEnd = null
          signal.removeEventListener('abort', onAbort)
          if (!whole) breakOff()
          resolve(result)
        }
        const onAbort = () => finish({ kind: 'answer-lost', code: 'answer-lost' }, false)
        onEnd = onAbort
        onPiece = (piece) => {
          const { frames, problem } = reader.push(piece)
          for (const frame of frames) {
            const about = controlIdAnswered(frame)
            if (about !== null && about !== message.controlId && answered.includes(about)) continue
            const whole = about === message.controlId && problem === null && frames.at(-1) === frame && reader.isBetweenFrames()
            if (whole) remember(answered, message.controlId)
            // Another's answer, or one without meaning, is the format's to judge: it says that it is ambiguous.
            return finish({ kind: 'answer', bytes: frame }, whole)
          }
          if (problem === 'too-large') finish({ kind: 'answer-lost', code: 'answer-too-large' }, false)
          else if (problem === 'broken') finish({ kind: 'answer-lost', code: 'answer-unreadable' }, false)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        // From here on bytes may have left.
        socket.write(frameOf(message.bytes))
      }),
    close: breakOff,
  }
}

function controlIdAnswered(frame: Uint8Array): string | null {
  const parsed = parseMessage(frame)
  const acknowledgement = parsed.ok ? findSegment(parsed.value, 'MSA') : null
  return acknowledgement === null ? null : textAt(acknowledgement, 2)
}

function remember(answered: string[], controlId: string): void {
  answered.push(controlId)
  if (answered.length > answeredMax) answered.shift()
}
