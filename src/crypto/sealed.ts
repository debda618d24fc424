/** The types of encrypted columns: plaintext where a `Sealed` value belongs does not compile. */
declare const plaintext: unique symbol

/** Ciphertext of one cell whose opened value is a `Plain` (JSON). The only type that an encrypted column takes. */
export type Sealed<Plain> = Uint8Array & { readonly [plaintext]: Plain }

/** Where a sealed value stands; part of its associated data, so that it opens nowhere else. */
export type Cell = { readonly pharmacyId: string; readonly table: string; readonly column: string; readonly rowId: string }

/** The key of one screening: `ref` names it in the ciphertext and in the key store, `bytes` are 32 secret bytes. */
export type RecordKey = { readonly ref: string; readonly pharmacyId: string; readonly bytes: Uint8Array }
