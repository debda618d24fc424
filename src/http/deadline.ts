/** A bound on how long an answer may take. */

/** The work's own result, or `late()` thrown after `timeoutMs`; the work itself goes on and its result is dropped. */
export async function withDeadline<Value>(work: Promise<Value>, timeoutMs: number, late: () => Error): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(late()), timeoutMs)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
