/** The rules of migrations/README.md as a reader of SQL: what would hurt a release that still runs, or the traffic that goes on. */

export const migrationRules = [
  'drops-what-is-read',
  'renames',
  'changes-a-type',
  'not-null-without-default',
  'sets-not-null',
  'index-on-existing-table',
  'constraint-not-left-unchecked',
  'empties-a-table',
  'locks-a-table',
] as const
export type MigrationRule = (typeof migrationRules)[number]

/** Rules that the file breaks, each once. A table made in the same file is nobody's yet: its own statements are free. */
export function brokenRules(sql: string): readonly MigrationRule[] {
  const statements = statementsOf(sql)
  const made = new Set(
    statements.flatMap((text) => /^create (?:unlogged )?table (?:if not exists )?([\w.]+)/.exec(text)?.[1] ?? []),
  )
  const found = new Set<MigrationRule>()
  for (const text of statements) {
    const altered = /^alter table (?:only )?(?:if exists )?([\w.]+)/.exec(text)?.[1]
    const rules = altered ? rulesOfAlter(text) : rulesOfOther(text)
    const table = altered ?? /\bon (?:only )?([\w.]+)/.exec(text)?.[1] ?? /^(?:truncate|lock)(?: table)? ([\w.]+)/.exec(text)?.[1]
    if (table === undefined || !made.has(table)) for (const rule of rules) found.add(rule)
  }
  return migrationRules.filter((rule) => found.has(rule))
}

function rulesOfAlter(text: string): readonly MigrationRule[] {
  const rules: MigrationRule[] = []
  // One statement may hold several actions.
  for (const action of text.split(/,(?![^(]*\))/)) {
    if (/\bdrop (?:column )?(?!constraint|not null|default|expression|identity)\w/.test(action)) rules.push('drops-what-is-read')
    if (/\brename\b/.test(action)) rules.push('renames')
    if (/\balter (?:column )?\w+ (?:set data )?type\b/.test(action)) rules.push('changes-a-type')
    if (/\bset not null\b/.test(action)) rules.push('sets-not-null')
    const adds = /\badd (?:column )?(?!constraint|check|foreign|unique|primary|exclude)/.test(action)
    if (adds && /\bnot null\b/.test(action) && !/\bdefault\b|\bgenerated\b/.test(action)) rules.push('not-null-without-default')
    const constrains = /\badd (?:constraint \w+ )?(?:check|foreign key)\b/.test(action)
    if (constrains && !/\bnot valid\b/.test(action)) rules.push('constraint-not-left-unchecked')
    if (/\badd (?:constraint \w+ )?(?:unique|primary key|exclude)\b/.test(action) && !/\busing index\b/.test(action))
      rules.push('index-on-existing-table')
  }
  return rules
}

function rulesOfOther(text: string): readonly MigrationRule[] {
  if (/^drop (?:table|view|materialized view|type|sequence|schema|column)\b/.test(text)) return ['drops-what-is-read']
  if (/^alter (?:view|type|sequence|index|function|schema)\b.*\brename\b/.test(text)) return ['renames']
  if (/^create (?:unique )?index\b/.test(text)) return ['index-on-existing-table']
  if (/^truncate\b/.test(text)) return ['empties-a-table']
  if (/^(?:delete from|update) \w+(?!.*\bwhere\b)/.test(text)) return ['empties-a-table']
  return /^lock\b/.test(text) ? ['locks-a-table'] : []
}

/** In lower case, with single blanks; without comments, texts and the bodies of functions. */
function statementsOf(sql: string): readonly string[] {
  return sql
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, "''")
    .replaceAll(/--.*$/gm, '')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .split(';')
    .map((text) => text.replaceAll(/\s+/g, ' ').trim().toLowerCase())
    .filter((text) => text !== '')
}
