/** Styles of the ledger and of reconciliation: counts flush right, what differs in words and not in colour alone. */
export const ledgerStyle = `
.ledger-verdict { font-weight: 700; margin: 1rem 0; } .ledger-verdict.balanced { color: var(--good); }
.ledger-month { margin: 1.5rem 0; } .ledger-month strong { font-size: 1.5rem; }
.ledger-table { overflow-x: auto; margin: .6rem 0 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.ledger-table table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.ledger-table th, .ledger-table td { padding: .55rem .8rem; text-align: right; white-space: nowrap; } .ledger-table tr > :first-child { text-align: left; } .ledger-table tr > :last-child { text-align: left; }
.ledger-table thead th { font-size: .9rem; } .ledger-table tbody tr { border-top: 1px solid var(--line); } .ledger-table tbody a { display: inline-block; padding: .3rem 0; }
.ledger-table tfoot tr { border-top: 2px solid var(--edge); } .ledger-table tfoot th, .ledger-table tfoot td { font-weight: 700; }
.ledger-table .some { font-weight: 700; color: var(--wait); } .ledger-good { color: var(--good); } .ledger-bad { color: var(--bad); font-weight: 700; }
.narrow-only { display: none; } @media (max-width: 640px) { .narrow-only { display: block; } }
.ledger-rules { margin: 0 0 1rem 1.2rem; } .rows .row-plain { display: grid; gap: .3rem 1rem; padding: .8rem 1.1rem; }
.reconcile-form { display: grid; gap: .8rem; margin: 1rem 0 1.75rem; } .differences { margin-top: 1.75rem; } .differences > ul { margin-top: .6rem; }
.rows .difference { align-items: center; } @media (min-width: 640px) { .rows .difference { grid-template-columns: 1fr auto; } } .difference-do button { margin: 0; padding-inline: 0; } .difference-do { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; } .difference code { overflow-wrap: anywhere; }`
