/** A gateway whose image has canaries in every folder, crawled: none is served, whatever the spelling. */
import { setTimeout as wait } from 'node:timers/promises'
import { mutations, treasures } from '../http/crawl-paths.ts'
import { rawRequest } from '../http/raw-request.ts'
import type { Appliance } from './appliance.ts'
import { canary, canaryFiles, canaryFolders, canaryImage, image } from './build.ts'
import type { Report } from './report.ts'
import { allReady } from './single.ts'

export async function crawlCanaries(report: Report, appliance: Appliance): Promise<void> {
  appliance.use(['compose.yaml', 'compose.override.yaml'], canaryImage)
  appliance.compose('up', '--detach')
  await allReady(appliance)
  const planted = canaryFolders.flatMap((folder) => canaryFiles.map((file) => `${folder}/${file}`.replace(/^\/+/, '')))
  const paths = [...new Set([...planted, ...treasures])].flatMap((path) => mutations.map((mutate) => mutate(path)))
  const port = Number(new URL(appliance.url).port)
  let asked = 0
  const served: string[] = []
  const answered: string[] = []
  const ask = async (path: string): Promise<void> => {
    for (;;) {
      // A client address of its own each time, as the trusted proxy says it: the limit by address is not what is tested.
      const from = `203.0.113.${asked % 250}`
      const answer = await rawRequest(
        port,
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: ${from}\r\nConnection: close\r\n\r\n`,
      )
      if (answer.status === 429) {
        await wait(200)
        continue
      }
      asked += 1
      if (answer.body.includes(canary)) served.push(path)
      if (answer.status !== 404) answered.push(`${answer.status} ${path}`)
      return
    }
  }
  const queue = [...paths]
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let path = queue.pop(); path !== undefined; path = queue.pop()) await ask(path)
    }),
  )
  report.check('no planted canary is served', asked === paths.length && served.length === 0, served.slice(0, 5))
  report.check('every such path answers 404', answered.length === 0, answered.slice(0, 5))
  report.figure('crawl', `${asked} paths for ${planted.length} canaries, ${served.length} served`)
  appliance.use(['compose.yaml', 'compose.override.yaml'], image)
}
