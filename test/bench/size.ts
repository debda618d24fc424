/** How large the benches run, against the size that their promises speak of: `npm run bench -- --size 0.1`. */
const at = process.argv.indexOf('--size')
export const benchSize = at < 0 ? 1 : Number(process.argv[at + 1])
