/** The plan of a fault run is its seed's alone, and covers every kind of step. */
import { expect, test } from 'vitest'
import { planSteps } from './plan.ts'

const sizes = { workers: 5, gateways: 3, meanGapMs: 300 }
const first = (seed: number, count: number) => planSteps(seed, sizes).take(count).toArray()

test('the same seed gives the same plan, another seed another', () => {
  expect(first(7, 500)).toEqual(first(7, 500))
  expect(first(7, 500)).not.toEqual(first(8, 500))
})

test('every kind of step and every trouble of a receiver comes within a few hundred steps', () => {
  const steps = first(1, 2_000).map(({ step }) => step)
  expect(new Set(steps.map((step) => step.kind)).size).toBe(11)
  const modes = new Set(steps.flatMap((step) => (step.kind === 'receiver' ? [step.mode] : [])))
  expect(modes.size).toBe(13)
  expect(modes).not.toContain('refuse')
})

test('suspensions are aimed at both moments of both receivers, and at none', () => {
  const aims = first(1, 4_000).flatMap(({ step }) =>
    step.kind === 'suspend-worker' ? [step.at ? `${step.at.moment}, ${step.at.side}` : 'anyhow'] : [],
  )
  const wanted = ['received, promising', 'taken, promising', 'received, promiseless', 'taken, promiseless', 'anyhow']
  expect(new Set(aims)).toEqual(new Set(wanted))
})

test('a suspension outlasts the lease of fifteen seconds', () => {
  const shortest = Math.min(...first(3, 2_000).flatMap(({ step }) => (step.kind === 'suspend-worker' ? [step.ms] : [])))
  expect(shortest).toBeGreaterThan(15_000)
})
