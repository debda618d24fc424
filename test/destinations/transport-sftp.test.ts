import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { fingerprintOf } from '../../src/destinations/sftp-session.ts'
import { openSftpTransport } from '../../src/destinations/transport-sftp.ts'
import type { SftpTransportSettings } from '../../src/domain/destination-settings.ts'
import { freePort } from '../support/free-port.ts'
import { startDropFarSide } from './drop-far-side.ts'
import { type OpensshServer, opensshAbsent, startOpenssh } from './openssh-server.ts'
import { pemFolder } from './tls-contract.ts'
import { contractAnswerBytesMax, messageNumber, never, transportContract } from './transport-contract.ts'

const fileOf = pemFolder()
const pinnedElsewhere = `SHA256:${'A'.repeat(43)}`

function openTo(port: number, settings: Partial<SftpTransportSettings>) {
  return openSftpTransport({
    settings: {
      kind: 'sftp',
      host: '127.0.0.1',
      port,
      user: 'nobody',
      hostKeys: [pinnedElsewhere],
      privateKeyFile: null,
      passwordFile: null,
      outbox: '/oru',
      answers: '/ack',
      pollMs: 20,
      timeoutMs: 10_000,
      answerBytesMax: contractAnswerBytesMax,
      privateNetworks: ['127.0.0.0/8'],
      ...settings,
    },
    connectionsMax: 8,
  })
}
const send = (transport: ReturnType<typeof openTo>, number = 1) => transport.send(messageNumber(number), { signal: never() })

describe.skipIf(opensshAbsent !== null)(
  `against Debian's OpenSSH server${opensshAbsent === null ? '' : ` (skipped: ${opensshAbsent})`}`,
  () => {
    let server: OpensshServer
    let folders = 0
    beforeAll(async () => {
      server = await startOpenssh()
    })
    afterAll(() => server.stop())

    const own = (base: string, settings: Partial<SftpTransportSettings> = {}) =>
      openTo(settings.port ?? server.port, {
        user: server.user,
        hostKeys: [server.fingerprint],
        privateKeyFile: server.privateKeyFile,
        outbox: join(base, 'oru'),
        answers: join(base, 'ack'),
        ...settings,
      })
    const newBase = () => join(server.folder, String(++folders))
    const farSide = (settings: Partial<SftpTransportSettings> = {}) => {
      const base = newBase()
      const far = startDropFarSide(base, server.owner)
      const transport = own(base, settings)
      onTestFinished(async () => {
        await transport.close()
        await far.close()
      })
      return { base, far, transport }
    }

    transportContract({
      name: 'sftp',
      lossIsSilence: true,
      open: async (timeoutMs) => {
        const base = newBase()
        const far = startDropFarSide(base, server.owner)
        const transport = own(base, { timeoutMs: Math.max(timeoutMs, 1_000) })
        return { transport, ...far }
      },
      openToNobody: async () => own('/nowhere', { port: await freePort() }),
    })

    test('a server with another host key than the pinned ones gets nothing, not even our name', async () => {
      const { far, transport } = farSide({ hostKeys: [pinnedElsewhere] })
      expect(await send(transport)).toEqual({ kind: 'not-sent', code: 'host-key-refused' })
      expect(far.seen).toEqual([])
    })

    test('one of several pinned keys is enough, so that a key can be changed', async () => {
      const { transport } = farSide({ hostKeys: [pinnedElsewhere, server.fingerprint] })
      expect((await send(transport)).kind).toBe('answer')
    })

    test('a key that the server does not know is an unauthorised sender', async () => {
      const stranger = fileOf('stranger', ssh2.utils.generateKeyPairSync('ed25519').private)
      const { far, transport } = farSide({ privateKeyFile: stranger })
      expect(await send(transport)).toEqual({ kind: 'refused', code: 'unauthorised-sender' })
      expect(far.seen).toEqual([])
    })

    test.each([
      ['key exchange by SHA-1', ['KexAlgorithms diffie-hellman-group14-sha1']],
      ['ciphers without authentication', ['Ciphers aes128-ctr,aes256-cbc']],
    ])('a server that offers only %s is refused', async (_case, lines) => {
      const old = await startOpenssh(lines)
      onTestFinished(() => old.stop())
      const transport = openTo(old.port, { user: old.user, hostKeys: [old.fingerprint], privateKeyFile: old.privateKeyFile })
      onTestFinished(() => transport.close())
      expect(await send(transport)).toEqual({ kind: 'not-sent', code: 'tls-refused' })
    })

    test('a file still there is not written again, and one of another content is left alone', async () => {
      const { base, far, transport } = farSide({ timeoutMs: 1_000 })
      far.pause()
      expect(await send(transport)).toEqual({ kind: 'answer-lost', code: 'answer-lost' })
      expect(far.waiting()).toEqual(['MSG1.hl7'])
      writeFileSync(join(base, 'oru', 'MSG2.hl7'), 'somebody else')
      expect(await send(transport, 2)).toEqual({ kind: 'answer-lost', code: 'answer-unreadable' })
      expect(readFileSync(join(base, 'oru', 'MSG2.hl7'), 'utf8')).toBe('somebody else')
      rmSync(join(base, 'oru', 'MSG2.hl7'))
      far.goOn()
      expect((await send(transport)).kind).toBe('answer')
      expect(far.seen).toEqual(['MSG1.hl7'])
    })

    // A crash between the upload and the rename leaves exactly this on the server.
    test('a part left over by a crash is no message, and the next attempt writes it anew', async () => {
      const { base, far, transport } = farSide()
      writeFileSync(join(base, 'oru', 'MSG1.hl7.part'), 'MSH|^~')
      if (server.owner !== null) rmSync(join(base, 'oru', 'MSG1.hl7.part'))
      expect((await send(transport)).kind).toBe('answer')
      expect(far.received()).toMatchObject([{ controlId: 'MSG1', taken: 1 }])
      expect(far.waiting()).toEqual([])
    })

    test('a folder that is not there, or may not be written, is tried again later', async () => {
      const base = newBase()
      const transport = own(base)
      onTestFinished(() => transport.close())
      expect((await send(transport)).kind).toBe('not-sent')
      expect(readdirSync(server.folder)).not.toContain(String(folders))
    })

    test('a connection cut before the rename is not-sent; cut after it, the answer is still found on the next one', async () => {
      const { far } = farSide()
      const base = join(server.folder, String(folders))
      const proxy = await cuttingProxy(server.port)
      const transport = own(base, { port: proxy.port, timeoutMs: 8_000 })
      onTestFinished(async () => {
        await transport.close()
        await proxy.close()
      })
      expect((await send(transport, 1)).kind).toBe('answer')
      far.faults.add({ mode: 'slow', ms: 600 })
      const result = send(transport, 2)
      await expect.poll(() => far.seen).toEqual(['MSG1.hl7', 'MSG2.hl7'])
      proxy.cutAll()
      expect((await result).kind).toBe('answer')
      proxy.refuse()
      proxy.cutAll()
      expect(await send(transport, 3)).toEqual({ kind: 'not-sent', code: 'unreachable' })
      expect(far.seen).toHaveLength(2)
    })
  },
)

describe('a password', () => {
  test('is read from its file, offered once to a server whose key is pinned, and no shell is asked for', async () => {
    const host = ssh2.utils.generateKeyPairSync('ed25519')
    const offered: string[] = []
    const asked: string[] = []
    const server = new ssh2.Server({ hostKeys: [host.private] }, (client) => {
      client.on('error', () => undefined)
      client.on('authentication', (context) => {
        offered.push(context.method === 'password' ? `password ${context.password}` : context.method)
        if (context.method === 'password') context.accept()
        else context.reject(['password'])
      })
      client.on('session', (accept) => {
        const session = accept()
        for (const event of ['shell', 'exec', 'pty', 'env', 'subsystem'] as const)
          session.on(event as 'shell', () => asked.push(event))
        session.on('sftp', (_, reject) => {
          asked.push('sftp')
          reject()
        })
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const parsed = ssh2.utils.parseKey(host.public)
    if (parsed instanceof Error) throw parsed
    const transport = openTo(port, {
      hostKeys: [fingerprintOf(parsed.getPublicSSH())],
      passwordFile: fileOf('password', 'Lac-bleu-42\n'),
    })
    onTestFinished(() => transport.close())
    expect(await send(transport)).toEqual({ kind: 'refused', code: 'refused-for-now' })
    expect(offered.filter((method) => method !== 'none')).toEqual(['password Lac-bleu-42'])
    expect(asked).toEqual(['sftp'])
    const distrusting = openTo(port, { passwordFile: fileOf('password', 'Lac-bleu-42\n') })
    onTestFinished(() => distrusting.close())
    expect(await send(distrusting)).toEqual({ kind: 'not-sent', code: 'host-key-refused' })
    expect(offered.filter((method) => method === 'password Lac-bleu-42')).toHaveLength(1)
  })
})

describe('opening', () => {
  test.each([
    ['no host key', { hostKeys: [] }],
    ['neither key nor password', {}],
    ['one folder for both', { answers: '/oru' }],
    ['an address of a private network that is not declared', { privateNetworks: [] }],
  ] as const)('with %s is refused', (_case, settings) => {
    expect(() => openTo(22, settings)).toThrow()
  })

  test('a key file that holds no key is refused', () => {
    expect(() => openTo(22, { privateKeyFile: fileOf('no-key', 'nothing') })).toThrow('no private key')
  })
})

/** Passes bytes on until told to cut or to refuse. */
async function cuttingProxy(to: number) {
  const sockets = new Set<Socket>()
  let refusing = false
  const proxy = createServer((inside) => {
    if (refusing) return void inside.destroy()
    const outside = connect(to, '127.0.0.1')
    for (const socket of [inside, outside]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    inside.pipe(outside).pipe(inside)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (proxy.address() as AddressInfo).port,
    cutAll,
    refuse: () => {
      refusing = true
    },
    close: async () => {
      cutAll()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}
