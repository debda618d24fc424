/** One row of the table of broken configurations. */
import type { ExampleChanges } from './example-config.ts'

export type BrokenConfig = ExampleChanges & {
  readonly title: string
  /** What is printed, line by line, with the directory taken off. */
  readonly mistakes: readonly string[]
}
