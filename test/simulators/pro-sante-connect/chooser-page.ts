/** The page on which a person of the simulator is chosen: one form, one button a person, no script. */
import type { SeedPerson } from './people.ts'

const style = `
:root { color-scheme: light dark; --ink: #16202c; --soft: #4d5b6b; --paper: #f3f6f9; --card: #fff; --line: #8493a3; --accent: #0b5cad }
@media (prefers-color-scheme: dark) { :root { --ink: #eef3f8; --soft: #b6c3d1; --paper: #10161d; --card: #1a232d; --line: #6d7f91; --accent: #7cbcff } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem }
p { margin: 0 0 1.5rem; color: var(--soft) }
ul { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem }
button { width: 100%; min-height: 4rem; padding: .75rem 1rem; text-align: left; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; cursor: pointer }
button:hover, button:focus-visible { border-color: var(--accent) }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
strong, span { display: block }
span { color: var(--soft) }
.refuse { margin-top: 1.5rem; text-align: center; min-height: 3rem }
`

/**
 * The form posts to its own address, `/sim/choose/{uid}`, as `application/x-www-form-urlencoded`: `person={id of a seed
 * person}`, or `refuse=1`. The cookies of the page must come back with it.
 */
export function chooserPage(people: readonly SeedPerson[], uid: string): string {
  return `<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Choisir une identité – Simulateur Pro Santé Connect</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Simulateur Pro Santé Connect</h1>
<p>Identités fictives, pour la démonstration et les essais. Choisissez la personne qui se connecte.</p>
<form method="post" action="/sim/choose/${escapeHtml(uid)}">
<ul>
${people.map(personButton).join('\n')}
</ul>
<button class="refuse" name="refuse" value="1">Annuler la connexion</button>
</form>
</main>
</body>
</html>`
}

function personButton(person: SeedPerson): string {
  const rpps = person.rpps ? ` · RPPS ${person.rpps}` : ''
  return `<li><button name="person" value="${escapeHtml(person.id)}"><strong>${escapeHtml(`${person.givenName} ${person.familyName}`)}</strong><span>${escapeHtml(person.role)}${rpps}</span><span>${escapeHtml(person.place)}</span></button></li>`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
