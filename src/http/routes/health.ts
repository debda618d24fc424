/** The management application, on a port of its own that the public never reaches: alive, ready, metrics. */
import { Hono } from 'hono'
import { withDeadline } from '../deadline.ts'

const checkTimeoutMsDefault = 2_000

export type ManagementDeps = {
  /** What must hold for this process to take requests; each answers false, or throws, where it does not. */
  readonly checks: Readonly<Record<string, () => Promise<boolean>>>
  /** Metrics as text of the Prometheus exposition format, with its content type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>
}

/** `/livez` the process answers · `/readyz` every check holds, else 503 · `/metrics`. */
export function createManagementApp(deps: ManagementDeps, options: { readonly checkTimeoutMs?: number } = {}): Hono {
  const timeoutMs = options.checkTimeoutMs ?? checkTimeoutMsDefault
  const app = new Hono()
  app.use(async function headers(c, next) {
    await next()
    c.res.headers.set('Cache-Control', 'no-store')
    c.res.headers.set('X-Content-Type-Options', 'nosniff')
    c.res.headers.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  })
  app.get('/livez', (c) => c.json({ alive: true }))
  app.get('/readyz', async (c) => {
    const entries = await Promise.all(
      Object.entries(deps.checks).map(
        async ([name, check]) => [name, (await holds(check, timeoutMs)) ? 'ok' : 'failed'] as const,
      ),
    )
    const ready = entries.every(([, state]) => state === 'ok')
    return c.json({ ready, checks: Object.fromEntries(entries) }, ready ? 200 : 503)
  })
  app.get('/metrics', async (c) => {
    const metrics = await deps.metrics()
    return c.body(metrics.text, 200, { 'Content-Type': metrics.contentType })
  })
  app.notFound((c) => c.json({ error: { code: 'not-found' } }, 404))
  app.onError((_error, c) => c.json({ error: { code: 'internal' } }, 500))
  return app
}

async function holds(check: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  try {
    return await withDeadline(check(), timeoutMs, () => new Error('check took too long'))
  } catch {
    return false
  }
}
