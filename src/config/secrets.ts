/** The secrets, apart from the configuration so that the one can be printed and the other never is. */
export type Secrets = {
  /** `postgres://…` under the application's role. */
  readonly databaseUrl: string
  /** Under the owner's role; only migrations use it. */
  readonly databaseOwnerUrl: string | null
  readonly keystoreDatabaseUrl: string
  readonly keystoreOwnerUrl: string | null
  /** Text of the JWKS file of root keys: JSON, at least one key, each with a `kid` of its own. */
  readonly rootKeysJwks: string
  readonly pscClientSecret: string
}
