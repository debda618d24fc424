/** Reads a written document back with a parser that is not the writer's: strict XML, plain paths. */
import { type Document, type Element, type Node, parseXmlDocument } from 'slimdom'

export function readDocument(bytes: Uint8Array): Element {
  const root = parseXmlDocument(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).documentElement
  if (!root) throw new Error('a document has a root')
  return root
}

/**
 * Every value at a path of element names, in document order: `author/time/@value` its attributes, `title` the texts (a
 * `br` read as a line break). `name[qualifier=BR]` keeps the elements with that attribute, `name[!qualifier]` those without.
 */
export function valuesAt(from: Element, path: string): string[] {
  const steps = path.split('/')
  const last = steps.at(-1) ?? ''
  if (!last.startsWith('@')) return elementsAt(from, path).map(textOf)
  const holders = steps.length === 1 ? [from] : elementsAt(from, steps.slice(0, -1).join('/'))
  return holders.map((element) => element.getAttribute(last.slice(1))).filter((value) => value !== null)
}

export function elementsAt(from: Element, path: string): Element[] {
  let found: Element[] = [from]
  for (const step of path.split('/')) {
    const parsed = /^([\w]+)(?:\[(!?)(\w+)(?:=([^\]]*))?\])?$/.exec(step)
    if (!parsed) throw new Error(`not a step: ${step}`)
    const [, name, not, attribute, value] = parsed
    found = found
      .flatMap((element) => element.children)
      .filter((child) => child.localName === name && child.namespaceURI === 'urn:hl7-org:v3')
      .filter((child) => {
        if (attribute === undefined) return true
        return not ? !child.hasAttribute(attribute) : child.getAttribute(attribute) === value
      })
  }
  return found
}

/** The text of the narrative element that a reference `#id` points at; fails when it points at none. */
export function narrativeOf(root: Element, id: string): string {
  const anchors = root.getElementsByTagName('content').filter((element) => element.getAttribute('ID') === id)
  const [anchor] = anchors
  if (!anchor || anchors.length > 1) throw new Error(`${anchors.length} narrative elements with the id ${id}`)
  return textOf(anchor)
}

export function textOf(node: Node | Document): string {
  if (node.nodeName === 'br') return '\n'
  return node.childNodes.length === 0 ? (node.nodeValue ?? '') : node.childNodes.map(textOf).join('')
}
