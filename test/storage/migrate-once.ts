/** Migrates the database of the first argument with the folder of the second: a process of its own, for a test to kill. */
import { connect } from '../support/database.ts'
import { migrateWith } from './empty-database.ts'

const [url = '', folder = ''] = process.argv.slice(2)
const sql = connect(url)
await migrateWith(sql, folder)
await sql.end()
