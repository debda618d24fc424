/** What the image's test says while it runs, and its last lines. */
export type Report = {
  say(text: string): void
  /** A guard: prints at once, and decides the exit code. */
  check(promise: string, holds: boolean, detail?: unknown): void
  /** A measurement for the last lines. */
  figure(name: string, value: string): void
  /** Prints the figures; the exit code. */
  end(): number
}

export function createReport(): Report {
  const startedAt = Date.now()
  const figures: [name: string, value: string][] = []
  const failed: string[] = []
  let passed = 0
  const say = (text: string) => console.log(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${text}`)
  return {
    say,
    check: (promise, holds, detail) => {
      if (holds) passed += 1
      else failed.push(promise)
      say(`${holds ? 'ok  ' : 'FAIL'}  ${promise}${holds || detail === undefined ? '' : `: ${JSON.stringify(detail)}`}`)
    },
    figure: (name, value) => {
      figures.push([name, value])
      say(`      ${name}: ${value}`)
    },
    end: () => {
      console.log('')
      for (const [name, value] of figures) console.log(`${name.padEnd(28)} ${value}`)
      console.log(
        `${'image:test'.padEnd(28)} ${passed} held, ${failed.length} failed, ${Math.round((Date.now() - startedAt) / 1000)} s`,
      )
      for (const promise of failed) console.log(`FAILED  ${promise}`)
      return failed.length === 0 && passed > 0 ? 0 : 1
    },
  }
}
