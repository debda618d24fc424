import { expect, test } from 'vitest'
import type { Patient } from '../../src/domain/patient.ts'
import type { LogFields } from '../../src/telemetry/logger.ts'
import { captureLog } from './captured-log.ts'

test('a line is JSON with level, time in UTC, service, profile and instance, and no message', () => {
  const { logger, lines } = captureLog()
  logger.warn({ event: 'lease-lost', attempt: 2 })

  expect(lines()).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'passerelle',
      profile: 'production',
      instance: 'gateway-1',
      event: 'lease-lost',
      attempt: 2,
    },
  ])
})

test('lines below the level are not written', () => {
  const { logger, lines } = captureLog({ level: 'error' })
  logger.info({ event: 'a' })
  logger.warn({ event: 'b' })
  logger.error({ event: 'c' })

  expect(lines().map((line) => line.event)).toEqual(['c'])
})

test('neither an error nor an object of the domain can be logged: it does not compile, and a cast writes nothing of it', () => {
  const { logger, text } = captureLog()
  const patient: Pick<Patient, 'birthName' | 'birthFirstNames'> = { birthName: 'CANARI', birthFirstNames: 'Élodie' }
  const error = new Error('patient CANARI Élodie', { cause: patient })
  // @ts-expect-error an error has a message
  const first: LogFields = { error }
  // @ts-expect-error an object may hold anything
  const second: LogFields = { event: 'x', patient }
  // @ts-expect-error the logger takes no free text
  const third: LogFields = 'patient CANARI Élodie'
  logger.error(first)
  logger.info(second)
  logger.info({ event: 'list', people: [patient] } as unknown as LogFields)
  logger.error(error as unknown as LogFields)

  expect(typeof third).toBe('string')
  expect(text().split('\n').length - 1).toBe(4)
  expect(text()).not.toMatch(/CANARI|lodie/)
})
