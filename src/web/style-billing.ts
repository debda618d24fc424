/** Styles of the billing pages: figures set flush right, bars that need no colour to be read. */
export const billingStyle = `
.sums { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: .6rem 0 1rem; }
.sums div { display: flex; flex-direction: column-reverse; }
.sums dt { color: var(--soft); }
.sums dd { font-size: 1.6rem; font-weight: 700; line-height: 1.2; font-variant-numeric: tabular-nums; }
.bars { display: block; width: 100%; height: auto; overflow: visible; margin-top: .9rem; }
.bars rect { fill: var(--brand); } .bars line { stroke: var(--edge); stroke-width: 1; } .bars text { fill: var(--soft); font-size: 12px; }
.billing-section { margin-top: 1.75rem; }
.billing-section > h2 { margin-bottom: .6rem; } .billing-section > .hint + .table-scroll { margin-top: .6rem; }
.table-scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
.figures { border-collapse: collapse; width: 100%; }
.figures th, .figures td { text-align: left; vertical-align: top; padding: .55rem .9rem; border-top: 1px solid var(--line); }
.figures thead th { border-top: 0; color: var(--soft); font-weight: 600; }
.figures tbody th { font-weight: 600; }
.figures .figure { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.figures tfoot td, .figures tfoot th { font-weight: 700; border-top: 2px solid var(--edge); }
.figures input { width: 7rem; min-height: 44px; padding: .4rem .6rem; border: 1.5px solid var(--edge); border-radius: 8px; background: var(--card); color: var(--ink); font: inherit; text-align: right; }
.file-links { list-style: none; display: flex; flex-wrap: wrap; gap: 0 .35rem; margin-inline: -.35rem; }
.file-links a { display: inline-flex; align-items: center; min-height: 32px; padding: 0 .35rem; }
.sub { display: block; color: var(--soft); font-weight: 400; font-size: .95rem; }
a.sub { display: inline-block; min-block-size: 24px; padding-block: .3rem; }
.meter { display: block; width: 8rem; height: .8rem; } .meter rect { fill: var(--brand); } .meter .rest { fill: var(--quiet-ground); }
.unbroken { white-space: nowrap; }
.folded > td { border-top: 0; padding-top: 0; } .folded details { margin-top: 0; } .folded .hint { margin-top: .5rem; }
@media (max-width: 44rem) {
  .bars text { font-size: 20px; } .figures thead .figure { white-space: normal; }
  .figures:not(.stacked) th, .figures:not(.stacked) td { padding-inline: .5rem; }
  .figures.stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .figures.stacked tr, .figures.stacked td, .figures.stacked th { display: block; border-top: 0; padding: .15rem .9rem; }
  .figures.stacked tr { border-top: 1px solid var(--line); padding: .5rem 0; } .figures.stacked tbody tr:first-child { border-top: 0; }
  .figures.stacked > tbody + tbody > tr:first-child { border-top: 1px solid var(--line); } .figures.stacked .folded { border-top: 0; padding-top: 0; }
  .figures.stacked .unused { display: none; }
  .figures.stacked td.figure { text-align: left; }
  .figures.stacked td[data-label]::before { content: attr(data-label) " : "; color: var(--soft); }
}`
