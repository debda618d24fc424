/** The one style sheet: calm, high contrast, light and dark, from 320 px up, and for paper. */
import { billingStyle } from './style-billing.ts'
import { ledgerStyle } from './style-ledger.ts'

/** Every pair of text and ground below is at least 4.5 : 1, and at least 7 : 1 for running text. */
const colours = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f5; --card: #ffffff; --ink: #14201d; --soft: #46544f; --line: #c9d3cf; --edge: #6d7c76;
  --brand: #0b5d4e; --brand-strong: #084539; --on-brand: #ffffff; --brand-ground: #e3f1ed; --link: #0a5547; --focus: #1d4ed8;
  --good: #115e34; --good-ground: #e2f3e8; --bad: #9b1c1c; --bad-ground: #fdeceb; --wait: #6b4000; --wait-ground: #fdf0d5;
  --info: #1e4b8f; --info-ground: #e7eefb; --quiet-ground: #e9eeec; --band: #5b2a86; --on-band: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1614; --card: #18211e; --ink: #e9f0ed; --soft: #b3c1bb; --line: #34413c; --edge: #84958e;
    --brand: #6fd6bf; --brand-strong: #9be6d4; --on-brand: #06231c; --brand-ground: #14342d; --link: #8be0cc; --focus: #9dbdff;
    --good: #8fdcab; --good-ground: #12301e; --bad: #ffb1ab; --bad-ground: #3d1715; --wait: #f6cd82; --wait-ground: #382608;
    --info: #aecbff; --info-ground: #16274a; --quiet-ground: #24302c; --band: #d9bdf5; --on-band: #2c0f47;
  }
}`

const base = `
*, *::before, *::after { box-sizing: border-box; }
html { font-size: 100%; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.65rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; line-height: 1.3; }
h3 { font-size: 1.05rem; line-height: 1.3; }
a { color: var(--link); text-underline-offset: .2em; }
code { font: .95em/1.4 ui-monospace, "Cascadia Mono", "Liberation Mono", monospace; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; z-index: 2; background: var(--card); padding: .6rem 1rem; border-radius: 6px; }
.skip:focus { top: .5rem; }
.icon { flex: none; }
.lead { font-size: 1.125rem; color: var(--soft); max-width: 46rem; margin-top: .6rem; }
.hint, .reference { color: var(--soft); font-size: .95rem; }
.reference { margin-top: 2.5rem; }
.optional { color: var(--soft); font-weight: 400; font-size: .9rem; }
.empty { margin-top: 2rem; color: var(--soft); }`

const frame = `
.band { background: var(--band); color: var(--on-band); text-align: center; font-weight: 700; letter-spacing: .02em; padding: .4rem 1rem; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top-inner { max-width: 70rem; margin: 0 auto; padding: .5rem 1.25rem; display: flex; flex-wrap: wrap; align-items: center; gap: .35rem 1.5rem; }
.brand { display: inline-flex; align-items: center; gap: .5rem; font-weight: 700; font-size: 1.15rem; color: var(--brand); text-decoration: none; min-height: 44px; }
.top nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem; }
.top nav a { display: inline-flex; align-items: center; min-height: 44px; padding: 0 .8rem; border-radius: 6px; text-decoration: none; color: var(--ink); }
.top nav a:hover { background: var(--quiet-ground); }
.top nav a[aria-current] { background: var(--brand-ground); color: var(--brand-strong); font-weight: 600; }
.who { margin-left: auto; display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; font-size: .95rem; }
.who p { line-height: 1.25; }
.who p strong, .who p span { display: block; }
.who p span { color: var(--soft); }
main { max-width: 70rem; margin: 0 auto; padding: 1.75rem 1.25rem 4rem; }
.narrow { max-width: 46rem; margin: 0 auto; }
.form-page { max-width: 51rem; margin: 0 auto; }
.narrow > * + * { margin-top: 1rem; }
.status { font-size: 1rem; font-weight: 700; color: var(--soft); letter-spacing: .08em; }
.steps-to-do { padding-left: 1.4rem; }
.steps-to-do li + li { margin-top: .5rem; }
.entrance { display: grid; gap: 2.5rem; padding-top: 1.5rem; }
.entrance h1 { font-size: 2rem; max-width: 22ch; }
.entrance section > p { margin-top: 1rem; }
.points { padding-left: 1.2rem; }
.points li + li { margin-top: .6rem; }
.points + h2 { margin: 1.5rem 0 .6rem; }
@media (min-width: 60rem) { .entrance { grid-template-columns: 1.1fr 1fr; align-items: start; padding-top: 3rem; } }`

const controls = `
.button, button { display: inline-flex; align-items: center; justify-content: center; min-height: 46px; padding: .55rem 1.15rem; border: 2px solid var(--brand);
  border-radius: 8px; background: var(--brand); color: var(--on-brand); font: inherit; font-weight: 600; text-decoration: none; text-align: center; cursor: pointer; }
.button:hover, button:hover { background: var(--brand-strong); border-color: var(--brand-strong); }
.button.big { min-height: 54px; padding: .7rem 1.5rem; font-size: 1.1rem; }
.button.secondary { background: transparent; color: var(--link); }
.button.secondary:hover { background: var(--brand-ground); color: var(--brand-strong); }
.button.quiet, button.quiet { background: transparent; border-color: transparent; color: var(--link); text-decoration: underline; text-underline-offset: .2em; padding: .3rem .5rem; }
.button.quiet:hover, button.quiet:hover { background: var(--quiet-ground); }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
form > .buttons { margin-top: 1.5rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem; }
.card + .card, form > .card { margin-top: 1rem; }
.card > h2 { margin-bottom: 1rem; }
.grid { display: grid; gap: 1.1rem 1.25rem; align-items: start; }
.card > .grid + .grid, .card > details + .grid { margin-top: 1.1rem; }
.field { min-width: 0; border: 0; margin: 0; padding: 0; }
.field label, .field legend { font-weight: 600; padding: 0; }
.field .hint { font-weight: 400; }
.field label:has(.optional) + .hint::before { content: "· "; }
.field input:not([type=radio]), .field select, .field textarea, .day input { width: 100%; min-height: 46px; margin-top: .3rem; padding: .5rem .7rem;
  border: 1.5px solid var(--edge); border-radius: 8px; background: var(--card); color: var(--ink); font: inherit; }
.field textarea { resize: vertical; }
.field [aria-invalid=true]:not([type=radio]) { border-color: var(--bad); border-width: 2.5px; }
.problem { color: var(--bad); font-weight: 600; margin-top: .35rem; overflow-wrap: anywhere; }
.problem::before { content: "▲ "; font-size: .8em; }
.radios { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .4rem; }
.field .radios label { display: inline-flex; align-items: center; gap: .5rem; min-height: 46px; padding: .4rem .75rem; border: 1.5px solid var(--edge); border-radius: 8px; background: var(--card);
  font-weight: 400; cursor: pointer; }
.radios input { width: 1.15rem; height: 1.15rem; margin: 0; accent-color: var(--brand); }
.radios label:has(:checked) { border-color: var(--brand); background: var(--brand-ground); box-shadow: inset 0 0 0 1px var(--brand); }
.radios label:has(:focus-visible) { outline: 3px solid var(--focus); outline-offset: 2px; }
.radios label:has([aria-invalid=true]) { border-color: var(--bad); }
details { margin-top: .8rem; }
details + details { margin-top: .3rem; }
summary { cursor: pointer; overflow-wrap: anywhere; color: var(--link); min-height: 40px; display: flex; align-items: center; gap: .5rem; font-weight: 600; width: fit-content; border-radius: 6px; padding-right: .5rem; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; width: .5em; height: .5em; border: solid currentColor; border-width: 0 2.5px 2.5px 0; transform: rotate(-45deg); flex: none; margin: 0 .2em; }
details[open] > summary::before { transform: rotate(45deg); }
details > .grid { margin-top: .7rem; padding-left: 1rem; border-left: 3px solid var(--line); }
.notice { border-left: 6px solid var(--edge); border-radius: 8px; padding: .9rem 1.1rem; margin-top: 1.1rem; background: var(--quiet-ground); overflow-wrap: anywhere; }
.notice h2 { font-size: 1.05rem; }
.notice ul { padding-left: 1.2rem; margin-top: .4rem; }
.notice li a { color: inherit; }
.notice li + li { margin-top: .3rem; }
.notice-good { background: var(--good-ground); border-color: var(--good); }
.notice-bad { background: var(--bad-ground); border-color: var(--bad); color: var(--bad); }
.notice-wait { background: var(--wait-ground); border-color: var(--wait); }
.form-page > .hint { margin-top: 1rem; }
.offers { list-style: none; display: grid; gap: .75rem; margin-top: 1rem; }
.offer { width: 100%; flex-direction: column; align-items: flex-start; text-align: left; background: var(--card); color: var(--ink); border-color: var(--edge); padding: .9rem 1.1rem; }
.offer:hover { background: var(--brand-ground); border-color: var(--brand); }
.offer span { font-weight: 400; color: var(--soft); }
@media (min-width: 40rem) { .grid { grid-template-columns: 1fr 1fr; } .field-full { grid-column: 1 / -1; } }`

const states = `
.state { display: inline-flex; align-items: center; gap: .45rem; font-weight: 650; padding: .15rem .65rem; border-radius: 999px; border: 1.5px solid currentColor; white-space: nowrap; }
.state-draft { color: var(--band); }
.state-queued, .state-cancelled { color: var(--soft); }
.state-received { color: var(--good); }
.state-sent { color: var(--info); }
.state-accepted { color: var(--good); background: var(--good-ground); }
.state-rejected { color: var(--bad); background: var(--bad-ground); }
.state-parked { color: var(--wait); background: var(--wait-ground); }
.result-positive { font-weight: 700; }
.list-head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .75rem 1.5rem; }
.list-head h1::first-letter { text-transform: uppercase; }
.day { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; margin-top: 1rem; }
.day label { font-weight: 600; }
.day input { width: auto; margin: 0; }
.day a { display: inline-flex; align-items: center; min-height: 44px; }
.counts { margin-top: 1.25rem; display: flex; flex-wrap: wrap; gap: .4rem 1.25rem; align-items: baseline; }
.counts p { font-weight: 700; }
.counts ul { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem 1.25rem; }
.count-rejected strong { color: var(--bad); } .count-parked strong { color: var(--wait); } .count-accepted strong { color: var(--good); } .count-draft strong { color: var(--band); }
.rows { margin-top: 1.75rem; }
.rows h2 { margin-bottom: .6rem; }
.count { display: inline-block; min-width: 1.7em; text-align: center; padding: 0 .45em; border-radius: 999px; background: var(--quiet-ground); font-size: .9rem; }
.rows ul { list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.rows li + li { border-top: 1px solid var(--line); }
.rows li > a { display: grid; gap: .3rem 1rem; padding: .8rem 1.1rem; color: var(--ink); text-decoration: none; }
.rows li > a:hover { background: var(--brand-ground); }
.rows li > a:focus-visible { outline-offset: -3px; }
.row-name strong, .row-name span { display: block; overflow-wrap: anywhere; }
.row-name span, .row-time { color: var(--soft); }
.row-results { display: flex; flex-wrap: wrap; gap: .1rem 1rem; }
.row-results .result > span { color: var(--soft); font-weight: 400; }
@media (min-width: 48rem) { .rows li > a { grid-template-columns: minmax(12rem, 2fr) minmax(10rem, 1.6fr) 8.5rem 15rem; align-items: center; } .row-state { text-align: right; } }`

const receipt = `
.banner { margin-top: 1.25rem; border-radius: 12px; padding: 1.1rem 1.25rem; background: var(--quiet-ground); border-left: 8px solid var(--edge); }
.banner p { margin-top: .55rem; }
.banner .state { font-size: 1.25rem; padding: .25rem .9rem; background: var(--card); }
.standing { margin: 0 0 1rem; padding: .75rem 1rem; background: var(--wait-ground); border-left: .35rem solid var(--wait); border-radius: .4rem; }
.standing p { margin: 0 0 .25rem; } .standing ul { margin: 0; padding-left: 1.2rem; }
.groups { list-style: none; margin: .5rem 0 1.5rem; padding: 0; display: grid; gap: .75rem; }
.groups > li { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
.groups h3 { margin: 0 0 .25rem; } .groups p { margin: .15rem 0; }
.back { margin: 0 0 .6rem; } .empty + p, .notice + p { margin-top: .8rem; } .rows > p + ul { margin-top: .6rem; }
progress.wide { width: 100%; height: 1rem; }
.pages { margin-top: .75rem; display: flex; gap: .5rem 1.5rem; align-items: baseline; flex-wrap: wrap; }
.check { display: flex; gap: .6rem; align-items: flex-start; } .check input { width: 1.4rem; height: 1.4rem; flex: none; }
.banner-accepted { background: var(--good-ground); border-color: var(--good); }
.banner-rejected { background: var(--bad-ground); border-color: var(--bad); }
.banner-parked { background: var(--wait-ground); border-color: var(--wait); }
.banner-sent { background: var(--info-ground); border-color: var(--info); }
.declaration { margin-top: 1rem; }
.assumed { display: inline-block; font-size: .85rem; font-weight: 600; color: var(--wait); background: var(--wait-ground); border: 1px dashed currentColor; border-radius: 6px; padding: .05rem .5rem; }
.way { list-style: none; display: flex; flex-wrap: wrap; gap: .4rem 0; margin: .9rem 0; }
.way li { display: flex; align-items: center; color: var(--soft); }
.way li::before { content: ""; width: 1rem; height: 1rem; border-radius: 50%; border: 2.5px solid currentColor; margin-right: .45rem; }
.way li:not(:last-child)::after { content: ""; width: 2.2rem; border-top: 2.5px solid var(--edge); margin: 0 .7rem; }
.way .done { color: var(--ink); } .way .done::before { background: currentColor; }
.way .now { color: var(--ink); font-weight: 700; } .way .now::before { box-shadow: 0 0 0 3px var(--quiet-ground); border-width: 5px; }
.way .now-accepted { color: var(--good); } .way .now-rejected { color: var(--bad); } .way .now-parked { color: var(--wait); } .way .now-sent { color: var(--info); }
.way .todo::before { border-style: dashed; }
.reason { border-left: 5px solid var(--wait); background: var(--wait-ground); border-radius: 8px; padding: .8rem 1rem; margin-bottom: 1rem; }
.reason p + p { margin-top: .3rem; }
.reason-rejected { border-color: var(--bad); background: var(--bad-ground); }
.facts > div { display: grid; grid-template-columns: minmax(8rem, 11rem) 1fr; gap: .25rem 1rem; padding: .35rem 0; }
.facts > div + div { border-top: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.facts dd { overflow-wrap: anywhere; }
.facts + .hint { margin-top: .8rem; }
.comment { white-space: pre-line; }
.columns { display: grid; gap: 1rem; margin-top: 1rem; align-items: start; }
.columns .card + .card { margin-top: 0; }
.receipt > .no-print { margin-top: 1.5rem; }
@media (min-width: 56rem) { .columns { grid-template-columns: 1fr 1fr; } }
@media (max-width: 30rem) { .facts > div { grid-template-columns: 1fr; } .buttons > .button, .buttons > button { width: 100%; } .button.big { width: 100%; }
  .top nav { order: 3; width: 100%; } .top nav ul { justify-content: space-between; } .top nav a { padding: 0 .5rem; font-size: 1rem; }
  .who { display: contents; } .who form { order: 1; margin-left: auto; } .who p { order: 2; flex: 1 1 50%; font-size: .95rem; } .who a { order: 2; font-size: .95rem; }
  .list-head .buttons, .list-head > .button { width: 100%; } .way li:not(:last-child)::after { width: 1.2rem; margin: 0 .4rem; } }`

const versions = `
.button.danger { background: var(--bad-ground); color: var(--bad); border-color: var(--bad); }
.button.danger:hover { background: var(--bad); color: var(--card); border-color: var(--bad); }
.happens { padding-left: 1.2rem; margin-top: .5rem; }
.happens li + li { margin-top: .35rem; }
.happens-also { margin-top: .8rem; }
.form-page > .card { margin-top: 1rem; }
.reason + .no-print { margin-bottom: 1rem; }
.declaration h3 .hint { font-weight: 400; }
.row-note { display: block; margin-top: .2rem; font-weight: 600; }
.versions-scroll { overflow-x: auto; margin-top: 1.25rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
.versions { border-collapse: collapse; width: 100%; }
.versions th, .versions td { text-align: left; vertical-align: top; padding: .5rem .9rem; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.versions td { min-width: 12rem; }
.versions thead th { border-top: 0; }
.versions tbody th[scope=row] { font-weight: 400; color: var(--soft); min-width: 10rem; }
.versions-group th { background: var(--quiet-ground); }
.differs { background: var(--wait-ground); box-shadow: inset 5px 0 0 var(--wait); }
.differs .cell-value { white-space: pre-line; }
.change { display: inline-flex; align-items: center; gap: .3rem; margin-left: .35rem; padding: 0 .5rem; border: 1.5px dashed currentColor; border-radius: 6px; color: var(--wait); font-size: .9rem; font-weight: 600; white-space: nowrap; }
.cell-version { display: none; }
.versions-back { margin-top: 1.5rem; }
@media (max-width: 48rem) { .versions thead { display: none; } .versions, .versions tbody, .versions tr, .versions td, .versions th { display: block; }
  .versions td, .versions tbody th[scope=row] { min-width: 0; } .versions tbody th[scope=row] { font-weight: 650; padding-bottom: 0; }
  .versions td { border-top: 0; display: grid; grid-template-columns: 6.5rem 1fr; gap: .5rem; padding: .25rem .9rem .35rem; } .cell-version { display: inline; color: var(--soft); } }`

const forced = '@media (forced-colors: active) { .radios label:has(:checked) { outline: 3px solid Highlight; } }'

const print = `
@media print {
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #bbb; --good: #000; --bad: #000; --wait: #000; --info: #000;
    --good-ground: #fff; --bad-ground: #fff; --wait-ground: #fff; --info-ground: #fff; --quiet-ground: #fff; --band: #000; --on-band: #fff; }
  .top nav, .who form, .who a, .skip, .no-print, .buttons { display: none; }
  .band { border: 2px solid #000; background: none; color: #000; }
  main { max-width: none; padding: 1rem 0; }
  .card, .banner { break-inside: avoid; }
}`

export const style = [colours, base, frame, controls, states, receipt, versions, ledgerStyle, billingStyle, forced, print].join(
  '\n',
)
