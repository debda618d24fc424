/** Every cryptographic operation of the gateway, with its purpose and size; a test fails where one is missing or no longer there. */

/** One use in one file under `src/`. `calls`: names imported from `node:crypto`, `crypto.…` for the platform's own, or a package. */
export type CryptoUse = {
  readonly file: string
  readonly calls: readonly string[]
  readonly algorithm: string
  readonly purpose: string
}

/** Kept in order of files. Every cipher here has a 128-bit tag; no MD5, no SHA-1, no mode without authentication. */
export const cryptoUses: readonly CryptoUse[] = [
  {
    file: 'auth/tokens.ts',
    calls: ['crypto.subtle'],
    algorithm: 'SHA-256; HKDF-SHA-256 and AES-256-GCM, 96-bit random nonces, 128-bit tags',
    purpose: 'tokens stored as digests; sign-in state and ID token under a key of the browser',
  },
  {
    file: 'base/ids.ts',
    calls: ['randomUUID', 'randomUUIDv7'],
    algorithm: 'UUIDv4, 122 random bits; UUIDv7, 74 random bits',
    purpose: 'ids; ids of declarations',
  },
  { file: 'commands/setup.ts', calls: ['randomBytes'], algorithm: '256 random bits', purpose: 'database passwords; salts' },
  {
    file: 'crypto/checkpoint.ts',
    calls: ['createHash', 'createPrivateKey', 'createPublicKey', 'generateKeyPairSync', 'sign', 'verify'],
    algorithm: 'Ed25519; SHA-256',
    purpose: 'signed checkpoints of the audit log',
  },
  { file: 'commands/statements.ts', calls: ['randomBytes'], algorithm: '24 random bits', purpose: 'names of signing keys' },
  { file: 'crypto/column-keys.ts', calls: ['createHmac'], algorithm: 'HKDF-SHA-256, 256-bit keys', purpose: 'column keys' },
  {
    file: 'crypto/envelope.ts',
    calls: ['randomFillSync'],
    algorithm: '96-bit random nonces, one record key each for a few columns',
    purpose: 'nonces of sealed columns',
  },
  {
    file: 'crypto/jose.ts',
    calls: ['node-jose'],
    algorithm: 'JWE A256GCMKW + A256GCM; detached JWS, ECDSA P-256 with SHA-256 (ES256)',
    purpose: 'tenant keys under a root key; signatures of documents that others check',
  },
  { file: 'crypto/merkle.ts', calls: ['createHash'], algorithm: 'SHA-256', purpose: 'Merkle tree of the audit log' },
  {
    file: 'crypto/open-key-ring.ts',
    calls: ['createHmac', 'hkdfSync'],
    algorithm: 'HMAC-SHA-256, key by HKDF-SHA-256',
    purpose: 'digests of a pharmacy (idempotency, blind indexes)',
  },
  {
    file: 'crypto/record-keys.ts',
    calls: ['createCipheriv', 'createDecipheriv', 'randomBytes'],
    algorithm: 'AES-256-GCM, 96-bit random nonces, 256-bit random keys',
    purpose: 'record keys under a tenant key',
  },
  { file: 'crypto/root-jwks.ts', calls: ['randomBytes'], algorithm: '256 random bits', purpose: 'new root keys' },
  { file: 'crypto/rotation.ts', calls: ['randomBytes'], algorithm: '256 random bits', purpose: 'new tenant keys' },
  {
    file: 'crypto/scram.ts',
    calls: ['createHash', 'createHmac', 'pbkdf2Sync'],
    algorithm: 'SCRAM-SHA-256 (PBKDF2, 4096 rounds over 256 random bits)',
    purpose: 'verifiers of database passwords, as PostgreSQL stores them',
  },
  { file: 'crypto/signing.ts', calls: ['generateKeyPairSync'], algorithm: 'EC P-256', purpose: 'new signing keys' },
  {
    file: 'crypto/suites.ts',
    calls: ['createCipheriv', 'createDecipheriv'],
    algorithm: 'AES-256-GCM',
    purpose: 'sealed columns (suite 1)',
  },
  { file: 'crypto/tenant-keys.ts', calls: ['randomBytes'], algorithm: '256 random bits', purpose: 'new tenant keys' },
  { file: 'commands/backup.ts', calls: ['randomBytes'], algorithm: '32 random bits', purpose: 'names of scratch databases' },
  {
    file: 'doctor/read-upkeep.ts',
    calls: ['X509Certificate'],
    algorithm: 'none: reads dates',
    purpose: 'certificates that expire',
  },
  {
    file: 'destinations/sftp-session.ts',
    calls: ['hash'],
    algorithm: 'SHA-256; SSH by ssh2: ECDH on X25519 or NIST curves, AES-GCM',
    purpose: 'fingerprints of pinned host keys',
  },
  { file: 'formats/cda/document-id.ts', calls: ['hash'], algorithm: 'SHA-256', purpose: 'document ids that a resend repeats' },
  { file: 'formats/digest.ts', calls: ['hash'], algorithm: 'SHA-256', purpose: 'digests of messages and answers' },
  { file: 'gateway-jobs.ts', calls: ['randomBytes'], algorithm: 'random bits', purpose: 'wiring' },
  { file: 'gateway.ts', calls: ['createHash', 'randomBytes'], algorithm: 'SHA-256; random bits', purpose: 'wiring' },
  { file: 'storage/migrator.ts', calls: ['createHash'], algorithm: 'SHA-256', purpose: 'migrations that were edited' },
  { file: 'storage/pharmacies.ts', calls: ['randomUUID'], algorithm: 'UUIDv4, 122 random bits', purpose: 'ids' },
  { file: 'web/assets.ts', calls: ['hash'], algorithm: 'SHA-256', purpose: 'names of assets' },
]
