/** Opened things push how they close; closing runs last-in first-out and keeps the first error. */
export type Closers = {
  push(name: string, close: () => Promise<unknown> | unknown): void
  closeAll(): Promise<void>
}

export function createClosers(): Closers {
  const stack: Array<{ name: string; close: () => Promise<unknown> | unknown }> = []
  return {
    push: (name, close) => {
      stack.push({ name, close })
    },
    closeAll: async () => {
      let first: unknown
      for (let entry = stack.pop(); entry; entry = stack.pop()) {
        try {
          await entry.close()
        } catch (cause) {
          first ??= new Error(`could not close ${entry.name}`, { cause })
        }
      }
      if (first) throw first
    },
  }
}
