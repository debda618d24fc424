/** How long what the gateway holds stays, in days; what is not finished stays whatever they say. */
export type RetentionSettings = {
  readonly payload: {
    /** After the last declaration of a screening has ended. */
    readonly days: number
    /** Why longer than `payloadDaysUsual`; null where it is not. */
    readonly reason: string | null
  }
  readonly audit: {
    /** After the youngest event of a sealed segment; its hashes stay. */
    readonly days: number
    /** Why longer than `auditDaysUsual`; null where it is not. */
    readonly reason: string | null
  }
  readonly idempotencyKeysDays: number
  readonly sessionsDays: number
}

/** The screening file's own bound: data at most three months (decree 2020-551, article 11). */
export const payloadDaysUsual = 90

/** Traces of access stay six to twelve months (CNIL, deliberation 2021-122); the database itself refuses to let younger ones go. */
export const auditDaysMin = 180
export const auditDaysUsual = 365
