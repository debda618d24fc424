/** Why a sign-in did not end in a session: one code for each page that a person may be shown. */
export const signInProblems = [
  /** Pro Santé Connect cannot be asked, or answers with a fault of its own. */
  'psc-unavailable',
  /** The person refused, or gave up, at Pro Santé Connect. */
  'declined',
  /** The sign-in was begun too long ago, in another browser, or was ended once already. */
  'sign-in-expired',
  /** An answer failed a check of origin or integrity. */
  'not-trusted',
  /** Pro Santé Connect vouches with a level that we do not accept, or says none. */
  'level-not-accepted',
  'no-rpps',
  'profession-not-admitted',
  /** The profession is admitted; none of the person's places of exercise is a pharmacy of this gateway. */
  'no-pharmacy-here',
] as const
export type SignInProblem = (typeof signInProblems)[number]
