/** What a bench answers: figures of one run, each as a ratio to another of the same run where there is one. */
export type BenchResult = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly ratio?: number
  readonly against?: string
}
export type Bench = { readonly name: string; run(): Promise<{ readonly results: readonly BenchResult[] }> }

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}
