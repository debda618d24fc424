/** Puts an application on a port, with a bound on everything that a peer may do to a connection. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener, RequestError } from '@hono/node-server'

export type ServedApp = {
  readonly port: number
  /** Takes no new connection, lets requests under way end within the grace, then cuts what is left. */
  close(): Promise<void>
}

export type ServeOptions = {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Headers of the answers that are given before the application is asked: malformed requests. */
  readonly headers?: Readonly<Record<string, string>>
  readonly headersTimeoutMs?: number
  readonly requestTimeoutMs?: number
  readonly keepAliveTimeoutMs?: number
  readonly headerBytesMax?: number
  readonly connectionsMax?: number
  readonly closeGraceMs?: number
}

type Fetch = (request: Request, env: { incoming: IncomingMessage; outgoing: ServerResponse }) => Response | Promise<Response>

export async function serveApp(app: { readonly fetch: Fetch }, options: ServeOptions): Promise<ServedApp> {
  const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff', ...options.headers }
  const listener = getRequestListener((request, env) => app.fetch(request, env as Parameters<Fetch>[1]), {
    overrideGlobalObjects: false,
    // Only reached where the application itself could not answer, not even with its error page.
    errorHandler: (error) =>
      new Response(null, { status: error instanceof RequestError ? 400 : 500, headers: { ...headers, 'Content-Length': '0' } }),
  })
  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 5_000,
      maxHeaderSize: options.headerBytesMax ?? 16 * 1024,
      connectionsCheckingInterval: 1_000,
      // Left to the listener, so that this refusal carries our headers too.
      requireHostHeader: false,
    },
    listener,
  )
  server.maxConnections = options.connectionsMax ?? 2_000
  server.maxRequestsPerSocket = 1_000
  refuseBeforehand(server, headers)
  await listen(server, options)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  return { port, close: () => closeWithin(server, options.closeGraceMs ?? 10_000) }
}

function listen(server: Server, options: ServeOptions): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen(options.port, options.host, () => {
      server.off('error', failed)
      done()
    })
  })
}

/** Answers that Node gives by itself, given by us instead: unreadable or late requests, expectations, upgrades, tunnels. */
function refuseBeforehand(server: Server, headers: Readonly<Record<string, string>>): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const refuse = (socket: Socket, status: string) => {
    if (!socket.writable) return socket.destroy()
    return socket.end([`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0', ...lines, '', ''].join('\r\n'))
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET') return socket.destroy()
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return refuse(socket, '408 Request Timeout')
    if (error.code === 'HPE_HEADER_OVERFLOW') return refuse(socket, '431 Request Header Fields Too Large')
    return refuse(socket, '400 Bad Request')
  })
  server.on('checkExpectation', (_request, response) => response.writeHead(417, headers).end())
  server.on('connect', (_request, socket) => refuse(socket as Socket, '405 Method Not Allowed'))
}

async function closeWithin(server: Server, graceMs: number): Promise<void> {
  // A kept-alive connection goes idle only after its answer: say so in that answer, and look again when it is out.
  server.prependListener('request', (_request, response) => {
    response.setHeader('Connection', 'close')
  })
  const closed = new Promise<void>((done) => server.close(() => done()))
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const cut = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(idle)
  clearTimeout(cut)
}
