/** Names images, containers and volumes of one run, so that another run on the same engine takes nothing away; what is kept has one name. */
export const runName = process.argv.some((arg) => arg === '--keep' || arg === '--reuse') ? 'kept' : String(process.pid)
