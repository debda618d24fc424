/** Enough of an XML reader for checking statements without the product's own library; refuses what it does not know. */
export type Node = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
  readonly children: readonly Node[]
  all(name: string): readonly Node[]
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

export const DOMParser = {
  parse(text: string): Node {
    const body = text.replace(/^<\?xml[^>]*\?>/, '')
    type Open = { name: string; attributes: Record<string, string>; text: string; children: Node[] }
    const root: Open = { name: '', attributes: {}, text: '', children: [] }
    const open: Open[] = [root]
    let end = 0
    for (const token of body.matchAll(/<(\/?)([\w:.-]+)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/g)) {
      if (token.index !== end) throw new Error(`not understood at ${end}`)
      end += token[0].length
      const top = open.at(-1) as Open
      const [, closing, name = '', attributes = '', empty, plain] = token
      if (plain !== undefined) top.text += decode(plain)
      else if (closing) {
        if (open.length < 2 || top.name !== name) throw new Error(`${name} closes ${top.name}`)
        open.pop()
        open.at(-1)?.children.push(nodeOf(top))
      } else {
        const pairs = [...attributes.matchAll(/([\w:.-]+)="([^"]*)"/g)].map((pair) => [pair[1] ?? '', decode(pair[2] ?? '')])
        const element: Open = { name, attributes: Object.fromEntries(pairs), text: '', children: [] }
        if (empty) top.children.push(nodeOf(element))
        else open.push(element)
      }
    }
    if (end !== body.length || open.length !== 1) throw new Error('not understood')
    return nodeOf(root)
  },
}

function decode(text: string): string {
  return text.replaceAll(/&(\w+);/g, (_, name: string) => {
    const char = entities[name]
    if (char === undefined) throw new Error(`unknown entity ${name}`)
    return char
  })
}

function nodeOf(open: Omit<Node, 'all'>): Node {
  const node: Node = {
    ...open,
    all: (name) => open.children.flatMap((child) => [...(child.name === name ? [child] : []), ...child.all(name)]),
  }
  return node
}
