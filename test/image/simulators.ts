/** Both simulators in one container, for compose.demo.yaml. */
import { startPscSimulator } from '../simulators/pro-sante-connect/simulator.ts'
import { startSidepSimulator } from '../simulators/sidep/simulator.ts'

const gateway = process.env['GATEWAY_URL'] ?? ''
const psc = await startPscSimulator({
  port: 8081,
  host: 'psc.localhost',
  listenAddress: '0.0.0.0',
  clientId: process.env['PSC_CLIENT_ID'] ?? '',
  clientSecret: process.env['PSC_CLIENT_SECRET'] ?? '',
  redirectUris: [`${gateway}/connexion/retour`],
  postLogoutRedirectUris: [`${gateway}/`],
})
const sidep = await startSidepSimulator({ host: '0.0.0.0', port: 8082 })
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void Promise.all([psc.close(), sidep.close()]))
