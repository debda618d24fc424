/** What the key commands print: plain lines, for people and for a log; numbers and key names, never a key. */
import type { RootChangeProblem } from './root-rotation.ts'
import type { KeysStatus, RewrapReport, RotationProgress } from './rotation.ts'

/** `keys status`: what stands under which key, and what to do next. */
export function describeKeysStatus(status: KeysStatus): readonly string[] {
  const roots = status.roots.map((root) => {
    const role = root.rootKid === status.primaryRootKid ? 'primary' : 'old: rewrap, then retire'
    return `root key ${root.rootKid}: ${root.tenantKeys} tenant keys (${role})`
  })
  const inUse = status.roots.some((root) => root.rootKid === status.primaryRootKid)
  return [
    ...(inUse ? [] : [`root key ${status.primaryRootKid}: 0 tenant keys (primary)`]),
    ...roots,
    `tenant keys: ${status.primaryTenantKeys} primary, ${status.replacedTenantKeys} replaced`,
    `blocks of record keys: ${status.keyBlocks}, of which ${status.keyBlocksUnderReplaced} under a replaced tenant key (rewrap)`,
    `record keys: ${status.recordKeys}, of which ${status.recordKeysUnderReplaced} under a replaced tenant key (rewrap), ${status.recordKeysWithoutBlock} without a block, ${status.recordKeysUnswept} not yet known to be used`,
  ]
}

/** One line of progress: `rewrap-record-keys 5000/1000000`. */
export function describeProgress(progress: RotationProgress): string {
  return `${progress.step} ${progress.done}${progress.total === null ? '' : `/${progress.total}`}`
}

/** The end of `keys rewrap`. */
export function describeRewrap(report: RewrapReport): readonly string[] {
  const { tenantKeysUnderOtherRoots, recordKeysUnderReplaced } = report.left
  const left = tenantKeysUnderOtherRoots + recordKeysUnderReplaced
  return [
    `rewrapped ${report.tenantKeys} tenant keys, ${report.keyBlocks} blocks and ${report.recordKeys} record keys without a block`,
    left === 0
      ? 'nothing is left under an old key'
      : `left under old keys: ${tenantKeysUnderOtherRoots} tenant keys, ${recordKeysUnderReplaced} record keys; run again`,
  ]
}

/** Why a change of the root key file was refused. */
export function describeRootProblem(problem: RootChangeProblem): readonly string[] {
  switch (problem.code) {
    case 'bad-file':
      return problem.mistakes.map(({ key, message }) => `root keys: ${key === '' ? 'the file' : key}: expected ${message}`)
    case 'no-such-key':
      return ['no root key of that name in the file']
    case 'is-primary':
      return ['this root key is primary: promote another one first']
    case 'only-key':
      return ['this is the only root key']
    case 'needed':
      return [`${problem.tenantKeys} tenant keys still stand under this root key: rewrap first; without it their data is lost`]
  }
}
