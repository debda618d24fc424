/** Strict stand-ins for the two key services, written from their published APIs: real HTTP, unknown members and paths refused. */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { TLSSocket } from 'node:tls'

export type ServiceFault = 'none' | 'hang' | 'server-error' | 'redirect' | 'too-large' | 'not-json' | 'wrong-shape' | 'forbidden'
export type KeyServiceServer = {
  /** As the adapter is configured; `fetch` below carries it to the loopback port. */
  readonly url: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly seen: string[]
  fault: ServiceFault
  close(): Promise<void>
}

type Answer = { readonly status: number; readonly body: unknown }
type Handle = (method: string, path: string, body: Record<string, unknown>) => Answer

const refused: Answer = { status: 400, body: { errors: ['bad request'] } }
const hasOnly = (body: Record<string, unknown>, names: readonly string[]) =>
  Object.keys(body).sort().join() === [...names].sort().join()

/** OpenBao/Vault transit: one key with versions. */
export async function startTransit(
  token: string,
  tls: ServiceTls | null = null,
): Promise<KeyServiceServer & { rotate(): void; setMinVersion(version: number): void }> {
  const keys = [randomBytes(32)]
  let minVersion = 1
  const handle: Handle = (method, path, body) => {
    if (method === 'GET' && path === '/v1/transit/keys/passerelle') {
      return { status: 200, body: { data: { name: 'passerelle', type: 'aes256-gcm96', latest_version: keys.length } } }
    }
    if (method === 'POST' && path === '/v1/transit/encrypt/passerelle' && hasOnly(body, ['plaintext'])) {
      const ciphertext = `vault:v${keys.length}:${seal(keys.at(-1), Buffer.from(String(body.plaintext), 'base64')).toString('base64')}`
      return { status: 200, body: { data: { ciphertext, key_version: keys.length } } }
    }
    if (method === 'POST' && path === '/v1/transit/decrypt/passerelle' && hasOnly(body, ['ciphertext'])) {
      const [, version = '', data = ''] = /^vault:v(\d+):(.*)$/.exec(String(body.ciphertext)) ?? []
      if (Number(version) < minVersion) return refused
      const plain = open(keys[Number(version) - 1], Buffer.from(data, 'base64'))
      return plain ? { status: 200, body: { data: { plaintext: plain.toString('base64') } } } : refused
    }
    return { status: 404, body: { errors: [] } }
  }
  const server = await startService(handle, (request) => request.headers['x-vault-token'] === token, tls)
  return Object.assign(server, {
    rotate: () => {
      keys.push(randomBytes(32))
    },
    setMinVersion: (version: number) => {
      minVersion = version
    },
  })
}

/** OVHcloud OKMS: service keys that make data keys. */
export async function startOkms(
  token: string,
  tls: ServiceTls | null = null,
): Promise<KeyServiceServer & { addKey(): string; destroyKey(id: string): void }> {
  const keys = new Map<string, Buffer>()
  const handle: Handle = (method, path, body) => {
    const [, id = '', action] = /^\/v1\/servicekey\/([0-9a-f-]{36})\/(datakey|datakey\/decrypt)$/.exec(path) ?? []
    const key = keys.get(id)
    if (method !== 'POST' || !key) return { status: 404, body: { error_code: 1, error_id: 'x', errors: ['not found'] } }
    if (action === 'datakey' && hasOnly(body, ['name', 'size']) && body.size === 256) {
      const plain = randomBytes(32)
      const wrapped = seal(key, plain).toString('base64url')
      return { status: 201, body: { key: `eyJhbGciOiJkaXIifQ..${wrapped}`, plaintext: plain.toString('base64') } }
    }
    if (action === 'datakey/decrypt' && hasOnly(body, ['key'])) {
      const plain = open(key, Buffer.from(String(body.key).split('..')[1] ?? '', 'base64url'))
      return plain ? { status: 200, body: { plaintext: plain.toString('base64') } } : refused
    }
    return refused
  }
  // A certificate of our authority is as good as the token, as the service has it.
  const allowed = (request: IncomingMessage) =>
    request.headers.authorization === `Bearer ${token}` || (request.socket instanceof TLSSocket && request.socket.authorized)
  const server = await startService(handle, allowed, tls)
  return Object.assign(server, {
    addKey: () => {
      const id = randomUUID()
      keys.set(id, randomBytes(32))
      return id
    },
    destroyKey: (id: string) => {
      keys.delete(id)
    },
  })
}

/** `ca`: of client certificates; null where none is asked for. */
export type ServiceTls = { readonly cert: string; readonly key: string; readonly ca: string | null }

/** With `tls`, real TLS on loopback; without, plain HTTP behind `fetch`. */
async function startService(
  handle: Handle,
  allowed: (request: IncomingMessage) => boolean,
  tls: ServiceTls | null,
): Promise<KeyServiceServer> {
  const held: ServerResponse[] = []
  const listen = (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, response)
  }
  const server: Server = tls
    ? createTlsServer({ ...tls, ca: tls.ca ?? [], requestCert: tls.ca !== null, rejectUnauthorized: false }, listen)
    : createServer(listen)
  const service: KeyServiceServer = {
    get url() {
      return tls ? `https://127.0.0.1:${portOf(server)}` : 'https://keys.example.org'
    },
    fetch: (url, init) => fetch(url.replace('https://keys.example.org', `http://127.0.0.1:${portOf(server)}`), init),
    seen: [],
    fault: 'none',
    close: () => {
      for (const response of held) response.destroy()
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    },
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    service.seen.push(`${request.method} ${request.url}`)
    const say = (status: number, body: string, headers: Record<string, string> = {}) =>
      response.writeHead(status, headers).end(body)
    if (service.fault === 'hang') return void held.push(response)
    if (service.fault === 'server-error') return void say(500, '{"errors":["internal"]}')
    if (service.fault === 'redirect') return void say(307, '', { location: 'http://127.0.0.1:1/' })
    if (service.fault === 'too-large') return void say(200, JSON.stringify({ data: { x: 'x'.repeat(100_000) } }))
    if (service.fault === 'not-json') return void say(200, '<html>')
    if (service.fault === 'wrong-shape')
      return void say(request.url?.endsWith('/datakey') ? 201 : 200, '{"data":{"ciphertext":7},"key":7}')
    if (service.fault === 'forbidden' || !allowed(request)) return void say(403, '{"errors":["permission denied"]}')
    const sent = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    const { status, body } = handle(request.method ?? '', request.url ?? '', sent)
    say(status, JSON.stringify(body), { 'content-type': 'application/json' })
  }
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return service
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

function seal(key: Buffer | undefined, plain: Buffer): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key ?? Buffer.alloc(0), nonce, { authTagLength: 16 })
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function open(key: Buffer | undefined, sealed: Buffer): Buffer | null {
  if (!key || sealed.length < 28) return null
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 })
  decipher.setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
  } catch {
    return null
  }
}
