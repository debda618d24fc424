/** UDI, the unique device identifier that the box of a test kit carries. */
export const udiIssuers = ['gs1', 'hibcc', 'iccbba'] as const
export type UdiIssuer = (typeof udiIssuers)[number]
/** Device identifier part of a UDI, as printed on the box. */
export type Udi = { readonly issuer: UdiIssuer; readonly deviceIdentifier: string }
