/** The deployment profile: explicit, with no silent fallback from one to another. */
export const profiles = ['demo', 'test', 'production'] as const
export type Profile = (typeof profiles)[number]
