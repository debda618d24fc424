/**
 * Loaded before the product (`node --import`): its clock goes wrong by an hour when told, for all that runs in the process.
 * The monotonic clock stays right, as it does on a real machine whose time of day was set.
 */
const hourMs = 3_600_000
const shiftsMs = [0, hourMs, -hourMs]
const RealDate = Date
let turn = Number(process.env['FAULT_CLOCK_TURN'] ?? 0)

const now = () => RealDate.now() + (shiftsMs[turn % shiftsMs.length] ?? 0)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
})

process.on('SIGUSR2', () => {
  turn += 1
})
