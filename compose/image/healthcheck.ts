/** Health of the process in this container: exit code 0 when its management port answers that it is ready. */
import { get } from 'node:http'

const timeoutMs = 3_000

const asked = get(
  { host: '127.0.0.1', port: process.env['MANAGEMENT_PORT'] || 9090, path: '/readyz', timeout: timeoutMs, agent: false },
  (answer) => {
    answer.resume()
    process.exitCode = answer.statusCode === 200 ? 0 : 1
  },
)
asked.on('timeout', () => asked.destroy(new Error('no answer')))
asked.on('error', () => {
  process.exitCode = 1
})
