/** The part of `ltx` that we use: elements, their attributes and children, and their text. The package ships no types. */
declare module 'ltx' {
  export class Element {
    readonly name: string
    readonly attrs: Record<string, string>
    readonly children: readonly (Element | string)[]
    constructor(name: string, attributes?: Readonly<Record<string, string>>)
    cnode(child: Element | string): Element
    toString(): string
  }
}
