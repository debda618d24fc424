/** How the simulator answers one message, with or without a fault: what it takes, and what it puts on the wire. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { writeAcknowledgement } from './acknowledgement.ts'
import type { Fault } from './faults.ts'
import { controlIdOf } from './hl7-reader.ts'
import type { Delivery, NationalFile } from './national-file.ts'

export const hl7ContentType = 'application/hl7-v2; charset=utf-8'
const pauseMsDefault = 1_000

export type AnswerDeps = { readonly file: NationalFile; readonly now: () => Date; readonly signal: AbortSignal }
export type Moment = 'received' | 'taken'
type PlainDeps = AnswerDeps & { readonly onMoment: (moment: Moment, controlId: string) => Promise<void> | void }

/** Answers with the acknowledgement that the file's judgement calls for. */
export async function answerPlainly(deps: PlainDeps, message: Uint8Array, response: ServerResponse): Promise<void> {
  const { file, now, onMoment } = deps
  const controlId = controlIdOf(message)
  await onMoment('received', controlId)
  const delivery = file.take(message, null)
  await onMoment('taken', controlId)
  send(response, acknowledgementOf(message, delivery, now()))
}

/** Answers as the fault has it; each arm says first what is taken. */
export async function answerBadly(
  deps: AnswerDeps & { readonly hugeBytes: number },
  fault: Fault,
  exchange: Exchange,
): Promise<void> {
  const { file, now, signal } = deps
  const { message, request, response } = exchange
  const controlId = controlIdOf(message)
  const pauseMs = fault.ms ?? pauseMsDefault
  switch (fault.mode) {
    case 'refuse': {
      file.pass(message, fault.mode, 'AE')
      const error = { code: fault.code ?? '103', location: 'PID-3', says: 'Refus simulé.' }
      return send(response, writeAcknowledgement(message, { code: 'AE', controlId, error, now: now() }))
    }
    case 'ar':
      file.pass(message, fault.mode, 'AR')
      return send(response, writeAcknowledgement(message, { code: 'AR', controlId, now: now() }))
    case 'busy':
      file.pass(message, fault.mode, null)
      response.writeHead(503, { 'retry-after': String(Math.ceil(pauseMs / 1_000)), 'content-type': 'text/plain; charset=utf-8' })
      return void response.end('Indisponible.')
    case 'html':
      file.pass(message, fault.mode, null)
      return void response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end('<!doctype html><title>Maintenance</title>')
    case 'hang':
      return file.pass(message, fault.mode, null)
    case 'lose-request':
      return void request.socket.destroy()
    case 'lose-answer':
      file.take(message, fault.mode)
      return void request.socket.destroy()
    case 'half-open':
      return void file.take(message, fault.mode)
    case 'lie':
      file.take(message, fault.mode)
      return send(response, writeAcknowledgement(message, { code: 'AA', controlId: 'SOMEBODYELSE', now: now() }))
    case 'garbage':
      file.take(message, fault.mode)
      return send(response, Buffer.from([0xff, 0x00, 0xfe, 0x0d, 0x80, 0x4d, 0x53, 0x48]))
    case 'slow': {
      const acknowledgement = acknowledgementOf(message, file.take(message, fault.mode), now())
      await pause(pauseMs, signal)
      return send(response, acknowledgement)
    }
    case 'answer-twice': {
      const body = acknowledgementOf(message, file.take(message, fault.mode), now())
      const head = `HTTP/1.1 200 OK\r\ncontent-type: ${hl7ContentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
      return void request.socket.write((head + body).repeat(2))
    }
    case 'one-byte-a-second': {
      const body = Buffer.from(acknowledgementOf(message, file.take(message, fault.mode), now()))
      response.writeHead(200, { 'content-type': hl7ContentType, 'content-length': body.length })
      for (let i = 0; i < body.length && !response.destroyed; i++) {
        response.write(body.subarray(i, i + 1))
        await pause(pauseMs, signal)
      }
      return void response.end()
    }
    case 'huge': {
      file.take(message, fault.mode)
      response.writeHead(200, { 'content-type': hl7ContentType })
      const chunk = Buffer.alloc(65_536, 'A')
      for (let sent = 0; sent < deps.hugeBytes && !response.destroyed; sent += chunk.length) {
        if (!response.write(chunk)) await untilDrained(response)
      }
      return void response.end()
    }
  }
}

export type Exchange = { readonly message: Uint8Array; readonly request: IncomingMessage; readonly response: ServerResponse }

function acknowledgementOf(message: Uint8Array, delivery: Delivery, now: Date): string {
  const code = delivery.answer ?? 'AR'
  return writeAcknowledgement(message, { code, controlId: delivery.controlId, error: delivery.refusal ?? undefined, now })
}

function send(response: ServerResponse, body: string | Buffer): void {
  response.writeHead(200, { 'content-type': hl7ContentType, 'content-length': Buffer.byteLength(body) }).end(body)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined)
}

function untilDrained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      response.off('drain', goOn).off('close', goOn)
      resolve()
    }
    response.on('drain', goOn).on('close', goOn)
  })
}
