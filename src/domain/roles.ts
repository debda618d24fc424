/** Roles and what each may do. A permission that is not listed is refused. */
export const roles = ['titular', 'pharmacist', 'student', 'preparer', 'group-admin', 'dpo', 'operator'] as const
export type Role = (typeof roles)[number]

export const permissions = [
  'screening.draft',
  'screening.sign',
  'screening.read',
  'screening.correct',
  'declaration.retry',
  'statement.read',
  'statement.credit',
  'ledger.read',
  'ledger.reconcile',
  'key.manage',
] as const
export type Permission = (typeof permissions)[number]

/** `group-admin`, `dpo` and `operator` never see patient data; a preparer drafts, and a pharmacist signs. */
const granted: Record<Role, readonly Permission[]> = {
  titular: [
    'screening.draft',
    'screening.sign',
    'screening.read',
    'screening.correct',
    'declaration.retry',
    'ledger.read',
    'ledger.reconcile',
    'statement.read',
  ],
  pharmacist: [
    'screening.draft',
    'screening.sign',
    'screening.read',
    'screening.correct',
    'declaration.retry',
    'ledger.read',
    'ledger.reconcile',
  ],
  student: ['screening.draft', 'screening.sign', 'screening.read'],
  preparer: ['screening.draft', 'screening.read'],
  'group-admin': ['statement.read', 'statement.credit', 'ledger.read', 'ledger.reconcile'],
  dpo: ['ledger.read'],
  operator: ['key.manage'],
}

export function roleMay(role: Role, permission: Permission): boolean {
  return granted[role].includes(permission)
}
