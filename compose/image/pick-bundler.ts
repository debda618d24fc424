/** Leaves in `package.json` the bundler alone, at the version of the lock file: the build needs no other development package. */
import { readFileSync, writeFileSync } from 'node:fs'

const { name, version, type, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const picked = devDependencies?.rolldown
if (typeof picked !== 'string') throw new Error('package.json names no bundler')
writeFileSync('package.json', JSON.stringify({ name, version, type, private: true, dependencies: { rolldown: picked } }))
