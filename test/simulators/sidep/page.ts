/** The simulator's page: what the simulated national file received, in French, without a script. */
import { faultModes } from './faults.ts'
import type { Delivery, KeptScreening } from './national-file.ts'

const rowsMax = 200

const style = `
:root { color-scheme: light dark; --ink: #16202c; --soft: #4d5b6b; --paper: #f3f6f9; --card: #fff; --line: #c3ccd6; --field: #8493a3; --accent: #0b5cad; --good: #0a6b3d; --bad: #a3210f }
@media (prefers-color-scheme: dark) { :root { --ink: #eef3f8; --soft: #b6c3d1; --paper: #10161d; --card: #1a232d; --line: #34424f; --field: #6d7f91; --accent: #7cbcff; --good: #6fdca0; --bad: #ff9d8c } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
p { margin: 0 0 1rem; color: var(--soft); max-width: 46rem }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .5rem .75rem; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap }
tr:last-child td { border-bottom: 0 }
th { font-weight: 600; color: var(--soft) }
.good { color: var(--good) }
.bad { color: var(--bad) }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end }
label { display: grid; gap: .25rem; color: var(--soft) }
select, input, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--field); border-radius: .375rem; padding: .5rem .75rem; min-height: 2.75rem }
input { width: 7rem }
button { cursor: pointer }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
`

const kinds = { original: 'Original', replacement: 'Remplacement', cancellation: 'Annulation' } as const

export type PageContent = {
  /** Newest first. */
  readonly deliveries: readonly Delivery[]
  readonly screenings: ReadonlyMap<string, KeptScreening>
  readonly faultsPending: number
}

export function sidepPage({ deliveries, screenings, faultsPending }: PageContent): string {
  const holding = [...screenings.values()].filter(({ cancelled }) => !cancelled).length
  return `<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulateur SI-DEP – profil supposé</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Simulateur SI-DEP – profil supposé</h1>
<p>Ce fichier national est simulé. Le format d’échange de SI-DEP avec les officines n’a jamais été publié : celui-ci est supposé. Personnes fictives seulement.</p>
<p><strong>${holding}</strong> ${plural(holding, 'dépistage en vigueur', 'dépistages en vigueur')}, <strong>${screenings.size - holding}</strong> ${plural(screenings.size - holding, 'annulé', 'annulés')}, <strong>${deliveries.length}</strong> ${plural(deliveries.length, 'message reçu', 'messages reçus')}.</p>
<h2>Dépistages</h2>
${screeningTable([...screenings.values()].reverse().slice(0, rowsMax))}
<h2>Messages</h2>
${deliveryTable(deliveries.slice(0, rowsMax))}
<h2>Pannes</h2>
<p>${faultsPending === 0 ? 'Aucune panne en attente.' : `Panne en attente pour les ${faultsPending} prochaines requêtes.`}</p>
<form method="post" action="/faults">
<label>Panne <select name="mode"><option value="none">Aucune : tout rétablir</option>${Object.keys(faultModes)
    .map((mode) => `<option>${mode}</option>`)
    .join('')}</select></label>
<label>Requêtes <input name="count" type="number" min="1" max="1000" value="1"></label>
<label>Durée (ms) <input name="ms" type="number" min="0" max="600000"></label>
<button>Appliquer</button>
</form>
</main>
</body>
</html>`
}

function screeningTable(screenings: readonly KeptScreening[]): string {
  if (screenings.length === 0) return '<p>Rien pour l’instant.</p>'
  const rows = screenings.map(({ current, cancelled, taken }) => {
    const { patient, results, version } = current
    const outcome = cancelled
      ? '<span class="bad">annulé</span>'
      : escapeHtml(results.map((one) => `${one.analyte} : ${one.result}`).join(', '))
    const times = taken[version] ?? 0
    return cells([
      escapeHtml(`${patient.name} ${patient.firstName}`),
      escapeHtml(dayOf(patient.birthDate)),
      outcome,
      escapeHtml(timeOf(current.sampledAt)),
      escapeHtml(current.pharmacy.slice(1)),
      String(version),
      times === 1 ? '<span class="good">1</span>' : `<span class="bad">${times}</span>`,
    ])
  })
  return table(['Patient', 'Naissance', 'Résultat', 'Prélèvement', 'FINESS', 'Version', 'Pris en compte'], rows)
}

function deliveryTable(deliveries: readonly Delivery[]): string {
  if (deliveries.length === 0) return '<p>Rien pour l’instant.</p>'
  const rows = deliveries.map(({ at, controlId, report, answer, refusal, fault, effect }) =>
    cells([
      escapeHtml(parisTime(at)),
      escapeHtml(controlId),
      report ? `${kinds[report.kind]}, version ${report.version}` : '',
      answer === 'AA' ? '<span class="good">AA</span>' : `<span class="bad">${answer ?? 'aucune'}</span>`,
      effect ? 'oui' : 'non',
      escapeHtml(
        [refusal ? `${refusal.code} ${refusal.location} ${refusal.says}` : '', fault ? `panne : ${fault}` : ''].join(' ').trim(),
      ),
    ]),
  )
  return table(['Reçu', 'Identifiant', 'Objet', 'Réponse', 'Effet', 'Remarque'], rows)
}

function table(heads: readonly string[], rows: readonly string[]): string {
  return `<div class="scroll" tabindex="0"><table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function cells(content: readonly string[]): string {
  return `<tr>${content.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

/** `20260115104200+0100` is already the wall clock of Paris. */
function timeOf(time: string): string {
  return `${dayOf(time)} ${time.slice(8, 10)}:${time.slice(10, 12)}`
}

function dayOf(date: string): string {
  return `${date.slice(6, 8)}/${date.slice(4, 6)}/${date.slice(0, 4)}`
}

function parisTime(instant: string): string {
  return new Date(instant).toLocaleString('fr-FR', { timeZone: 'Europe/Paris' })
}

function plural(count: number, one: string, many: string): string {
  return count < 2 ? one : many
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
