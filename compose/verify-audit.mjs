// Verifies an exported audit log offline, with Node alone: no package, no database, nothing of the gateway.
//
//   node verify-audit.mjs FOLDER PUBLIC_KEYS [ANCHOR_FILE]
//
// FOLDER is what `audit export` wrote. PUBLIC_KEYS is what `audit public-key` printed when the log began, kept apart from the
// gateway; where a key or the address changed since, all of them, oldest first, with commas between. ANCHOR_FILE is the copy of the checkpoints that lay outside the database. Exit code 0: whole and unchanged.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const [folder, verifierKeys, anchorFile] = process.argv.slice(2)
if (!folder || !verifierKeys) {
  console.error('usage: node verify-audit.mjs FOLDER PUBLIC_KEYS [ANCHOR_FILE]')
  process.exit(2)
}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const problems = []

// C2SP signed-note: name+hash+base64(0x01 ‖ Ed25519 key); the hash is the start of SHA-256(name ‖ \n ‖ 0x01 ‖ key).
const keys = verifierKeys.split(/[\s,]+/).filter(Boolean).map((verifierKey) => {
  const [, origin, , encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(verifierKey) ?? []
  if (!origin) throw new Error('a public key has the form name+hash+key')
  const typed = Buffer.from(encoded, 'base64')
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)])
  return {
    origin,
    hash: sha256(`${origin}\n`, typed).subarray(0, 4),
    publicKey: createPublicKey({ key: spki, type: 'spki', format: 'der' }),
  }
})

// The first key, from `from` on, that signed it; -1: none. Where a key followed another, the earlier one counts no more.
function findSigner(name, signed, signature, from) {
  const bytes = Buffer.from(signature, 'base64')
  return keys.findIndex(
    ({ origin, hash, publicKey }, at) =>
      at >= from && name === origin && bytes.subarray(0, 4).equals(hash) && verify(null, Buffer.from(signed), publicKey, bytes.subarray(4)),
  )
}

// Size → root, from every checkpoint that a key of ours signed.
function readCheckpoints(path, what) {
  const roots = new Map()
  const text = readFileSync(path, 'utf8')
  let from = 0
  for (const [, signed, name, size, root, signature] of text.matchAll(/(([^\n]+)\n(\d+)\n([^\n]+)\n)\n— [^\n]+ (\S+)\n/g)) {
    const signer = findSigner(name, signed, signature, from)
    // Checkpoints stand in order; anchors come in any.
    if (signer >= 0 && what === 'checkpoint') from = signer
    if (signer < 0) problems.push(`${what} of size ${size} is not signed with a key of ours`)
    else if (roots.has(Number(size)) && roots.get(Number(size)) !== root) problems.push(`two ${what}s of size ${size} disagree`)
    else roots.set(Number(size), root)
  }
  return roots
}

const checkpoints = readCheckpoints(join(folder, 'checkpoints'), 'checkpoint')
const anchors = anchorFile && existsSync(anchorFile) ? readCheckpoints(anchorFile, 'anchor') : new Map()

// RFC 9162 §2.1: leaves 0x00, nodes 0x01; the right edge is enough to know every root on the way.
let size = 0
const edge = []
for await (const line of createInterface({ input: createReadStream(join(folder, 'events.jsonl')) })) {
  edge.push(line.startsWith('#') ? Buffer.from(line.slice(1), 'hex') : sha256(Uint8Array.of(0), line))
  for (let ones = size; ones % 2 === 1; ones = Math.floor(ones / 2)) {
    const right = edge.pop()
    edge.push(sha256(Uint8Array.of(1), edge.pop(), right))
  }
  size += 1
  for (const [roots, what] of [[checkpoints, 'checkpoint'], [anchors, 'anchor']]) {
    if (!roots.has(size)) continue
    const root = edge.reduceRight((right, left) => sha256(Uint8Array.of(1), left, right)).toString('base64')
    if (roots.get(size) !== root) problems.push(`the events up to ${size} are not those of the ${what}`)
  }
}
if (size > 0 && !checkpoints.has(size)) problems.push(`no checkpoint covers the last of ${size} events`)
for (const anchored of anchors.keys()) if (anchored > size) problems.push(`an anchor knows ${anchored} events, there are ${size}`)

for (const problem of problems.slice(0, 100)) console.log(problem)
console.log(`${size} events, ${checkpoints.size} checkpoints, ${anchors.size} anchors: ${problems.length === 0 ? 'nothing was changed' : `${problems.length} problems`}`)
process.exit(problems.length === 0 ? 0 : 1)
