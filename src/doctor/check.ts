/** A check of the doctor: one duty, judged from facts, with the evidence and what to do. */
import type { Facts } from './facts.ts'

export type Verdict = 'pass' | 'warn' | 'fail'

/** `evidence` says what was seen; `advice` what to do, null where there is nothing. French: hosters and auditors read it. */
export type Judgement = { readonly verdict: Verdict; readonly evidence: string; readonly advice: string | null }

export type Check = {
  /** Stable, for scripts: kebab-case. */
  readonly id: string
  /** Rows of the requirements that it answers: `F1` to `F13` are the findings of the Francetest case, `HDS` a duty of the host. */
  readonly answers: readonly string[]
  readonly title: string
  readonly judge: (facts: Facts) => Judgement
}

export type CheckResult = Judgement & Pick<Check, 'id' | 'answers' | 'title'>

export const pass = (evidence: string): Judgement => ({ verdict: 'pass', evidence, advice: null })
export const warn = (evidence: string, advice: string): Judgement => ({ verdict: 'warn', evidence, advice })
export const fail = (evidence: string, advice: string): Judgement => ({ verdict: 'fail', evidence, advice })

const day = 86_400_000

/** `3 jours`, `5 h`, `40 s`: the largest unit that fits. */
export function spanText(ms: number): string {
  if (ms >= 2 * day) return `${Math.floor(ms / day)} jours`
  if (ms >= 7_200_000) return `${Math.floor(ms / 3_600_000)} h`
  if (ms >= 120_000) return `${Math.floor(ms / 60_000)} min`
  return `${Math.max(0, Math.round(ms / 1000))} s`
}

export const days = (count: number) => count * day

/** Every check over the same facts. A check that throws is a fault of ours, and fails. */
export function judgeAll(checks: readonly Check[], facts: Facts): readonly CheckResult[] {
  return checks.map(({ id, answers, title, judge }) => ({ id, answers, title, ...judge(facts) }))
}

/** The worst of all: what the exit code says. */
export function overall(results: readonly Judgement[]): Verdict {
  if (results.some((result) => result.verdict === 'fail')) return 'fail'
  return results.some((result) => result.verdict === 'warn') ? 'warn' : 'pass'
}
