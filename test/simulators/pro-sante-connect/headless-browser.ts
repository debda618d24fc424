/** A browser without a window: keeps cookies, follows redirects, and signs a seed person in at the simulator. */
export type HeadlessBrowser = {
  /** One request, redirects not followed, with the cookies of its host and path. */
  send(
    url: string,
    options?: { method?: string; form?: Record<string, string>; headers?: Record<string, string> },
  ): Promise<Response>
  /**
   * From the address that a sign-in gives, through the wallet and the chooser, to the callback: its address, not yet visited.
   * `personId` null: the person refuses.
   */
  signInAs(address: string, personId: string | null): Promise<URL>
  /** From the address that a sign-out gives, to the one to which Pro Santé Connect sends the person afterwards. */
  signOutAt(address: string): Promise<URL>
}

type Cookie = { readonly host: string; readonly path: string; readonly name: string; readonly value: string }
const redirectsMax = 12

export function createHeadlessBrowser(options: { readonly redirectUris: readonly string[] }): HeadlessBrowser {
  let cookies: Cookie[] = []
  const keep = (url: URL, line: string): void => {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const path = attributes.find((one) => one.toLowerCase().startsWith('path='))?.slice(5) ?? '/'
    cookies = cookies.filter((one) => !(one.host === url.host && one.name === name && one.path === path))
    if (value !== '') cookies.push({ host: url.host, path, name, value })
  }
  const send: HeadlessBrowser['send'] = async (address, { method, form, headers } = {}) => {
    const url = new URL(address)
    const mine = cookies.filter((one) => one.host === url.host && url.pathname.startsWith(one.path))
    const answer = await fetch(url, {
      method: method ?? (form ? 'POST' : 'GET'),
      redirect: 'manual',
      headers: { ...headers, cookie: mine.map((one) => `${one.name}=${one.value}`).join('; ') },
      ...(form && { body: new URLSearchParams(form) }),
    })
    for (const line of answer.headers.getSetCookie()) keep(url, line)
    return answer
  }
  const isCallback = (url: URL): boolean => options.redirectUris.some((uri) => url.href.split('?')[0] === uri)
  /** Follows until a page or a callback. */
  const follow = async (
    address: string,
    first?: { form: Record<string, string> },
  ): Promise<{ url: URL; html: string | null }> => {
    let url = new URL(address)
    let options = first
    for (let hops = 0; hops < redirectsMax; hops++) {
      if (isCallback(url)) return { url, html: null }
      const answer = await send(url.href, options)
      options = undefined
      const location = answer.headers.get('location')
      const html = await answer.text()
      if (answer.status >= 400) throw new Error(`${url.pathname} answered ${answer.status}: ${html.slice(0, 200)}`)
      if (location === null) return { url, html }
      url = new URL(location, url)
    }
    throw new Error('too many redirects')
  }
  return {
    send,
    signInAs: async (address, personId) => {
      const chooser = await follow(address)
      // A session at Pro Santé Connect that is still alive shows no chooser.
      if (chooser.html === null) return chooser.url
      const done = await follow(chooser.url.href, { form: personId === null ? { refuse: '1' } : { person: personId } })
      if (done.html !== null) throw new Error('the sign-in ended on a page of Pro Santé Connect')
      return done.url
    },
    signOutAt: async (address) => {
      const asked = await follow(address)
      if (asked.html === null) return asked.url
      const action = /<form[^>]* action="([^"]+)"/.exec(asked.html)?.[1]
      const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.html)?.[1]
      if (!action || !xsrf) throw new Error('no logout form')
      const answer = await send(new URL(action, asked.url).href, { form: { xsrf, logout: 'yes' } })
      const location = answer.headers.get('location')
      if (!location) throw new Error(`the logout answered ${answer.status}`)
      return new URL(location)
    },
  }
}
