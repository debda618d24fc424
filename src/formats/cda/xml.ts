/** Builds XML elements and writes them as bytes; the library escapes, nothing here glues markup. */
import { Element } from 'ltx'
import { utf8 } from '../../base/bytes.ts'

export type XmlElement = Element
/** Null children and null attributes are left out, so that a caller can say `address && …` in place. */
export type XmlChild = Element | string | null
export type XmlAttributes = Readonly<Record<string, string | null>>

/** An element with attributes in the order given, and children. An empty text adds nothing. */
export function xml(name: string, attributes: XmlAttributes | null = null, ...children: readonly XmlChild[]): Element {
  const element = new Element(name)
  for (const key in attributes) {
    const value = attributes[key]
    if (value !== null && value !== undefined) element.attrs[key] = value
  }
  for (const child of children) if (child !== null && child !== '') element.cnode(child)
  return element
}

/**
 * The document as UTF-8, on one line: white space between elements would be text in the mixed content that CDA uses for
 * names and addresses. Characters that XML cannot hold must have been refused before (`findUnreadableText`).
 */
export function xmlBytes(root: Element): Uint8Array {
  return utf8(`<?xml version="1.0" encoding="UTF-8"?>${root.toString()}`)
}

/** Every element of this name under `from`, in document order; `from` itself is never one of them. */
export function listElements(from: Element, name: string): Element[] {
  const found: Element[] = []
  collect(from, name, found)
  return found
}

/** The first child of this name, or null. */
export function findChild(from: Element, name: string): Element | null {
  for (const child of from.children) if (typeof child !== 'string' && child.name === name) return child
  return null
}

/** As deep as the tree that we built ourselves: some twenty levels. */
function collect(from: Element, name: string, found: Element[]): void {
  for (const child of from.children) {
    if (typeof child === 'string') continue
    if (child.name === name) found.push(child)
    collect(child, name, found)
  }
}
