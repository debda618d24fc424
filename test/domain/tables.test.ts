/** The closed tables of the domain: moves of a declaration, rights of a role, codes, control ids. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../src/base/assert.ts'
import { captureFields, fieldProblemCodes } from '../../src/domain/capture-fields.ts'
import { controlIdFrom } from '../../src/domain/control-id.ts'
import { type DeclarationState, declarationStates, isTerminal, mayMove } from '../../src/domain/declaration.ts'
import { GatewayError, gatewayErrorCodes } from '../../src/domain/errors.ts'
import { failureCodes } from '../../src/domain/failure-codes.ts'
import { permissions, roleMay, roles } from '../../src/domain/roles.ts'

describe('a declaration', () => {
  const allowed: readonly (readonly [DeclarationState, DeclarationState])[] = [
    ['queued', 'claimed'],
    ['queued', 'cancelled'],
    ['queued', 'received'],
    ['claimed', 'sent'],
    ['claimed', 'queued'],
    ['claimed', 'rejected'],
    ['claimed', 'parked'],
    ['claimed', 'accepted'],
    ['sent', 'accepted'],
    ['sent', 'rejected'],
    ['sent', 'parked'],
    ['sent', 'queued'],
    ['parked', 'queued'],
    ['parked', 'received'],
    ['rejected', 'queued'],
    ['rejected', 'received'],
    ['parked', 'cancelled'],
  ]

  test('makes these moves and no others', () => {
    const found = declarationStates.flatMap((from) =>
      declarationStates.filter((to) => mayMove(from, to)).map((to) => `${from} → ${to}`),
    )
    expect(found.sort()).toEqual(allowed.map(([from, to]) => `${from} → ${to}`).sort())
  })

  test('ends accepted, rejected, cancelled or received by hand, and nowhere else', () => {
    expect(declarationStates.filter(isTerminal)).toEqual(['accepted', 'rejected', 'cancelled', 'received'])
  })

  test('is never accepted by a person or before a worker held it, and never cancelled once a byte left', () => {
    for (const from of ['queued', 'parked', 'rejected', 'received'] as const) expect(mayMove(from, 'accepted')).toBe(false)
    expect(mayMove('sent', 'cancelled')).toBe(false)
  })

  test('can reach an end from every state', () => {
    for (const state of declarationStates) {
      const reached = new Set<DeclarationState>([state])
      for (const from of reached) for (const to of declarationStates) if (mayMove(from, to)) reached.add(to)
      expect([...reached].some(isTerminal)).toBe(true)
    }
  })
})

describe('a role', () => {
  test('may do what this table says, and nothing else', () => {
    const table = Object.fromEntries(roles.map((role) => [role, permissions.filter((permission) => roleMay(role, permission))]))
    expect(table).toEqual({
      titular: [
        'screening.draft',
        'screening.sign',
        'screening.read',
        'screening.correct',
        'declaration.retry',
        'statement.read',
        'ledger.read',
        'ledger.reconcile',
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
    })
  })

  test('that administers or audits sees no patient, and whoever signs may draft', () => {
    for (const role of ['group-admin', 'dpo', 'operator'] as const)
      for (const permission of permissions) if (permission.startsWith('screening.')) expect(roleMay(role, permission)).toBe(false)
    for (const role of roles) if (roleMay(role, 'screening.sign')) expect(roleMay(role, 'screening.draft')).toBe(true)
  })
})

describe('a control id', () => {
  test('is twenty characters that MSH-10 and the database take, whatever the draw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 40 }), (bytes) => {
        expect(controlIdFrom(bytes)).toMatch(/^[0-9A-HJKMNP-TV-Z]{20}$/)
      }),
    )
  })

  test('uses five bits of each of its bytes: another byte is another id', () => {
    const zero = controlIdFrom(new Uint8Array(20))
    for (let place = 0; place < 20; place++) {
      const seen = new Set(
        Array.from({ length: 32 }, (_, value) => controlIdFrom(new Uint8Array(20).fill(value, place, place + 1))),
      )
      expect(seen.size).toBe(32)
      expect(seen.has(zero)).toBe(true)
    }
  })

  test('is never shortened by too little randomness', () => {
    expect(() => controlIdFrom(new Uint8Array(19))).toThrow(AssertionError)
  })
})

test('a gateway error shows its code and nothing of its cause', () => {
  for (const code of gatewayErrorCodes) {
    const error = new GatewayError(code, { cause: new Error('DUPONT 279035121518989') })
    expect(error).toMatchObject({ name: 'GatewayError', code, message: code })
    expect(String(error)).not.toContain('DUPONT')
  }
})

test('every code and field stands once in its list, in kebab case', () => {
  for (const list of [failureCodes, fieldProblemCodes, gatewayErrorCodes, permissions, captureFields] as const) {
    expect(new Set<string>(list).size).toBe(list.length)
  }
  for (const code of [...failureCodes, ...fieldProblemCodes, ...gatewayErrorCodes]) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
})
