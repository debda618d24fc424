/** The doctor's report: as text for a terminal, as JSON for scripts, as HTML for whoever keeps it. */
import { html } from 'hono/html'
import { type CheckResult, overall, type Verdict } from './check.ts'

const marks: Readonly<Record<Verdict, string>> = { pass: '✓', warn: '!', fail: '✗' }
const words: Readonly<Record<Verdict, string>> = { pass: 'conforme', warn: 'à surveiller', fail: 'à corriger' }

export function reportText(results: readonly CheckResult[]): string {
  const lines = results.flatMap(({ verdict, id, title, evidence, advice }) => [
    `${marks[verdict]} ${title} [${id}]`,
    `    ${evidence}`,
    ...(advice === null ? [] : [`    → ${advice}`]),
  ])
  return [...lines, '', countsText(results)].join('\n')
}

/** `31 contrôles : 28 conformes, 2 à surveiller, 1 à corriger`. */
function countsText(results: readonly CheckResult[]): string {
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length
  return `${results.length} contrôles\u00a0: ${count('pass')} conformes, ${count('warn')} à surveiller, ${count('fail')} à corriger`
}

export type ReportHead = { readonly at: Date; readonly publicUrl: string; readonly version: string }

/** One JSON object: `{ at, verdict, checks: [{ id, answers, verdict, evidence, advice }] }`. */
export function reportJson(results: readonly CheckResult[], { at, publicUrl, version }: ReportHead): string {
  return JSON.stringify({ at: at.toISOString(), publicUrl, version, verdict: overall(results), checks: results })
}

/** A whole page that opens without the gateway; sign its bytes, and it is an attestation. */
export async function reportHtml(results: readonly CheckResult[], { at, publicUrl, version }: ReportHead): Promise<string> {
  const page = await html`<!doctype html>
<html lang="fr">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Attestation de Passerelle</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .5rem; border-bottom: 1px solid currentColor }
.fail { font-weight: 700 }
</style></head>
<body>
<h1>Attestation de Passerelle</h1>
<p>${publicUrl}, version ${version}, le ${at.toISOString()}.</p>
<p><strong>${countsText(results)}.</strong></p>
<table>
<thead><tr><th scope="col">Contrôle</th><th scope="col">Résultat</th><th scope="col">Ce qui a été vu</th><th scope="col">Que faire</th><th scope="col">Répond à</th></tr></thead>
<tbody>
${results.map(
  ({ verdict, title, evidence, advice, answers }) =>
    html`<tr class="${verdict}"><th scope="row">${title}</th><td>${marks[verdict]} ${words[verdict]}</td><td>${evidence}</td><td>${advice ?? ''}</td><td>${answers.join(', ')}</td></tr>
`,
)}</tbody>
</table>
</body>
</html>
`
  return String(page)
}
