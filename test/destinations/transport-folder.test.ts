import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { openFolderTransport } from '../../src/destinations/transport-folder.ts'
import { sidepOru } from '../../src/formats/profiles/sidep-oru.ts'
import { startDropFarSide } from './drop-far-side.ts'
import { contractAnswerBytesMax, messageNumber, never, transportContract } from './transport-contract.ts'

const root = mkdtempSync(join(tmpdir(), 'passerelle-folder-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const newBase = () => join(root, String(++folders))

function openIn(base: string, timeoutMs = 10_000) {
  return openFolderTransport({
    settings: {
      kind: 'folder',
      outbox: join(base, 'oru'),
      answers: join(base, 'ack'),
      timeoutMs,
      answerBytesMax: contractAnswerBytesMax,
      pollMs: 10,
    },
    connectionsMax: 8,
  })
}

const send = (transport: ReturnType<typeof openIn>, number = 1) => transport.send(messageNumber(number), { signal: never() })

transportContract({
  name: 'folder',
  lossIsSilence: true,
  open: async (timeoutMs) => {
    const base = newBase()
    const far = startDropFarSide(base)
    return { transport: openIn(base, timeoutMs), ...far }
  },
  openToNobody: async () => openIn(join(root, 'not-mounted')),
})

/** Two folders and nobody who takes anything out. */
function lonely(timeoutMs = 200) {
  const base = newBase()
  mkdirSync(join(base, 'oru'), { recursive: true })
  mkdirSync(join(base, 'ack'))
  return { base, outbox: join(base, 'oru'), answers: join(base, 'ack'), transport: openIn(base, timeoutMs) }
}
const ackFor = (controlId: string, code = 'AA') => `MSH|^~\\&|SI-DEP|SI-DEP|||20260115||ACK|R1|T|2.5\rMSA|${code}|${controlId}\r`

describe('the file', () => {
  test('stands there whole under the control id, for the group alone to read, and no part of it is left', async () => {
    const { outbox, transport } = lonely()
    expect(await send(transport)).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
    expect(readdirSync(outbox)).toEqual(['MSG1.hl7'])
    expect(readFileSync(join(outbox, 'MSG1.hl7'))).toEqual(Buffer.from(messageNumber(1).bytes))
    expect(statSync(join(outbox, 'MSG1.hl7')).mode & 0o037).toBe(0)
  })

  test('that is still there from an earlier attempt is not written again, and its answer is taken', async () => {
    const { outbox, answers, transport } = lonely()
    await send(transport)
    const before = statSync(join(outbox, 'MSG1.hl7')).ino
    expect(await send(transport)).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
    expect(statSync(join(outbox, 'MSG1.hl7')).ino).toBe(before)
    writeFileSync(join(answers, 'MSG1.ack'), ackFor('MSG1'))
    rmSync(join(outbox, 'MSG1.hl7'))
    expect((await send(transport)).kind).toBe('answer')
    // Answered before it was asked again: nothing was put there a second time.
    expect(readdirSync(outbox)).toEqual([])
  })

  test('of another content under our name is never written over', async () => {
    const { outbox, transport } = lonely()
    writeFileSync(join(outbox, 'MSG1.hl7'), 'somebody else')
    expect(await send(transport)).toEqual({ kind: 'answer-lost', code: 'answer-unreadable' })
    expect(readFileSync(join(outbox, 'MSG1.hl7'), 'utf8')).toBe('somebody else')
  })

  // A crash between writing and renaming leaves exactly this.
  test('cut short by a crash before its rename is no message; the next attempt writes it anew', async () => {
    const { outbox, transport } = lonely()
    writeFileSync(join(outbox, 'MSG1.hl7.part'), 'MSH|^~')
    await send(transport)
    expect(readdirSync(outbox)).toEqual(['MSG1.hl7'])
    expect(readFileSync(join(outbox, 'MSG1.hl7'))).toEqual(Buffer.from(messageNumber(1).bytes))
  })

  test('an answer that grows while it is read is waited for', async () => {
    const { answers, outbox, transport } = lonely(5_000)
    const result = send(transport)
    await expect.poll(() => existsSync(join(outbox, 'MSG1.hl7'))).toBe(true)
    writeFileSync(join(answers, 'MSG1.ack'), ackFor('MSG1').slice(0, 40))
    writeFileSync(join(answers, 'MSG1.ack'), ackFor('MSG1'))
    const ended = await result
    if (ended.kind !== 'answer') throw new Error(ended.kind)
    expect(sidepOru.readAnswer(ended.bytes, 'MSG1').class).toBe('accepted')
  })
})

describe('what leads elsewhere', () => {
  test('a folder named through a symbolic link is refused at opening', () => {
    const { base } = lonely()
    const link = newBase()
    symlinkSync(base, link)
    expect(() => openIn(link)).toThrow('without symbolic links')
  })

  test('a folder that became a link since is refused, and nothing is written behind it', async () => {
    const { outbox, transport } = lonely()
    const elsewhere = newBase()
    mkdirSync(elsewhere)
    renameSync(outbox, `${outbox}-before`)
    symlinkSync(elsewhere, outbox)
    expect(await send(transport)).toEqual({ kind: 'not-sent', code: 'address-refused' })
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test('a link in the place of the part file is replaced, never followed', async () => {
    const { outbox, transport } = lonely()
    const victim = join(root, `victim-${folders}`)
    writeFileSync(victim, 'untouched')
    symlinkSync(victim, join(outbox, 'MSG1.hl7.part'))
    await send(transport)
    expect(readFileSync(victim, 'utf8')).toBe('untouched')
    expect(readdirSync(outbox)).toEqual(['MSG1.hl7'])
  })

  test('a link in the place of the answer is not read', async () => {
    const { answers, outbox, transport } = lonely()
    const secret = join(root, `secret-${folders}`)
    writeFileSync(secret, ackFor('MSG1'))
    symlinkSync(secret, join(answers, 'MSG1.ack'))
    expect(await send(transport)).toEqual({ kind: 'not-sent', code: 'address-refused' })
    expect(readdirSync(outbox)).toEqual([])
  })

  test('a control id that is none never becomes a path', async () => {
    const { base, transport } = lonely()
    const before = readdirSync(base)
    await expect(transport.send({ ...messageNumber(1), controlId: '../MSG1' }, { signal: never() })).rejects.toThrow('control id')
    expect(readdirSync(base)).toEqual(before)
  })

  test('messages and answers in one folder are refused at opening', () => {
    const { base } = lonely()
    const settings = { kind: 'folder', outbox: base, answers: base, timeoutMs: 1, answerBytesMax: 1, pollMs: 1 } as const
    expect(() => openFolderTransport({ settings, connectionsMax: 1 })).toThrow('two folders')
  })
})

test('a medium that is not mounted yet is tried again, and taken once it is there', async () => {
  const base = newBase()
  const transport = openIn(base, 2_000)
  expect(await send(transport)).toEqual({ kind: 'not-sent', code: 'unreachable' })
  const far = startDropFarSide(base)
  onTestFinished(far.close)
  expect((await send(transport)).kind).toBe('answer')
})
