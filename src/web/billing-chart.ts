/** Charts as plain SVG: no script, no inline style; the numbers stand in a table beside them. */
import { html, raw } from 'hono/html'
import type { Html } from './parts.ts'
import { frenchCount } from './text-fr-billing.ts'

const size = { width: 640, height: 166, left: 34, bottom: 28, top: 8 }

/** One bar a day of the month, from the first to the last; `label` says in words what it shows. */
export function dayChart(
  days: readonly { readonly day: string; readonly count: number }[],
  month: string,
  dayCount: number,
  label: string,
): Html {
  const counts = Array.from({ length: dayCount }, (_, index) => {
    const day = `${month}-${String(index + 1).padStart(2, '0')}`
    return days.filter((one) => one.day === day).reduce((sum, one) => sum + Math.max(0, one.count), 0)
  })
  const top = niceMax(Math.max(1, ...counts))
  const height = size.height - size.bottom - size.top
  const step = (size.width - size.left) / dayCount
  const y = (count: number) => size.top + height - (count / top) * height
  const bars = counts.map((count, index) => {
    const x = size.left + index * step + step * 0.15
    return `<rect x="${x.toFixed(1)}" y="${y(count).toFixed(1)}" width="${(step * 0.7).toFixed(1)}" height="${(size.top + height - y(count)).toFixed(1)}" rx="2"/>`
  })
  const lines = [0, top / 2, top].map(
    (count) =>
      `<line x1="${size.left}" x2="${size.width}" y1="${y(count).toFixed(1)}" y2="${y(count).toFixed(1)}"/><text x="${size.left - 6}" y="${(y(count) + 4).toFixed(1)}" text-anchor="end">${frenchCount(count)}</text>`,
  )
  const names = counts.flatMap((_, index) =>
    (index + 1) % 5 === 0 || index === 0
      ? [
          `<text x="${(size.left + (index + 0.5) * step).toFixed(1)}" y="${size.height - 6}" text-anchor="middle">${index + 1}</text>`,
        ]
      : [],
  )
  // Numbers alone: nothing that came from outside is in these strings.
  return html`<svg class="bars" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${label}">${raw([...lines, ...bars, ...names].join(''))}</svg>`
}

/** Even, so that its half is whole. */
function niceMax(count: number): number {
  const unit = 10 ** Math.floor(Math.log10(count))
  const found = [2, 4, 6, 8, 10].map((times) => times * unit).find((max) => max >= count)
  return Math.max(2, found ?? 10 * unit)
}

/** A share of a whole as a bar, drawn beside its number. */
export function shareBar(part: number, whole: number): Html {
  const width = whole <= 0 ? 0 : Math.max(0, Math.min(100, (part / whole) * 100))
  return html`<svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="10"/><rect width="${width.toFixed(1)}" height="10"/></svg>`
}
