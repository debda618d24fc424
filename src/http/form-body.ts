/** Reads a form within a bound, as text, with only the fields that its route names. */
import { GatewayError } from '../domain/errors.ts'
import type { Form } from './route.ts'

export const bodyBytesMaxDefault = 64 * 1024

type FormOptions = { readonly fields: readonly string[]; readonly bytesMax: number }

/**
 * Throws `GatewayError`: `too-large` as soon as the bound is passed, whatever the length header says; `bad-request`
 * for another type of content, a field that the route does not name, or one given twice.
 */
export async function readForm(request: Request, options: FormOptions): Promise<Form> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') throw new GatewayError('bad-request')
  const text = new TextDecoder().decode(await readBounded(request, options.bytesMax))
  const form: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    if (!options.fields.includes(name) || Object.hasOwn(form, name)) throw new GatewayError('bad-request')
    form[name] = value
  }
  return form
}

async function readBounded(request: Request, bytesMax: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw new GatewayError('too-large')
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > bytesMax) throw new GatewayError('too-large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}
