/** Writes a person's claims in the shape, the casing and with the empty strings of Pro Santé Connect. */

export type ActivitySeed = {
  readonly at: { readonly finess: string; readonly name: string; readonly postalCode: string; readonly city: string }
  /** TRE_R02. */
  readonly sector: string
  /** JDV_J108. */
  readonly role: string
  readonly section?: string
  /** TRE_R22: GENR01 is care. */
  readonly kind?: string
}
export type ExerciseSeed = {
  readonly profession: string
  readonly category: string
  readonly activities: readonly ActivitySeed[]
}
export type ProfessionalDocument = Readonly<Record<string, unknown>> & {
  readonly sub: string
  readonly SubjectNameID: string
}

export type DocumentSeed = {
  readonly familyName: string
  readonly givenName: string
  readonly nationalId: string
  readonly otherIds: ReadonlyArray<{ readonly identifiant: string; readonly origine: string; readonly qualite: number }>
  readonly exercises: readonly ExerciseSeed[] | null
}

/** Keycloak's id of the user storage; another one than the real sandbox's. */
const storageId = 'f:0c1d2e3f-5a6b-4c7d-8e9f-1a2b3c4d5e6f'

export function professionalDocument(seed: DocumentSeed): ProfessionalDocument {
  const first = seed.exercises?.[0]?.activities[0]
  return {
    sub: `${storageId}:${seed.nationalId}`,
    SubjectNameID: seed.nationalId,
    preferred_username: seed.nationalId,
    given_name: seed.givenName,
    family_name: seed.familyName,
    otherIds: seed.otherIds,
    authMode: 'CARD',
    codeCivilite: 'M',
    SubjectRole: [`${seed.exercises?.[0]?.profession ?? ''}^1.2.250.1.213.1.1.5.5`],
    SubjectOrganization: first?.at.name ?? '',
    SubjectOrganizationID: first?.at.finess ? `1${first.at.finess}` : '',
    Secteur_Activite: first ? `${first.sector}^1.2.250.1.71.4.2.4` : '',
    Mode_Acces_Raison: '',
    Acces_Regulation_Medicale: 'FAUX',
    UITVersion: '1.0',
    PSI_Locale: '1.2.250.1.213.1.3.1.1',
    Palier_Authentification: 'APPPRIP3^1.2.250.1.213.1.5.1.1.1',
    ...(seed.exercises && {
      SubjectRefPro: { codeCivilite: 'M', exercices: seed.exercises.map((exercise) => exerciseOf(seed, exercise)) },
    }),
  }
}

function exerciseOf(seed: DocumentSeed, exercise: ExerciseSeed): Record<string, unknown> {
  return {
    codeProfession: exercise.profession,
    codeCategorieProfessionnelle: exercise.category,
    codeCiviliteDexercice: '',
    nomDexercice: seed.familyName,
    prenomDexercice: seed.givenName,
    codeTypeSavoirFaire: '',
    codeSavoirFaire: '',
    activities: exercise.activities.map(activityOf),
  }
}

function activityOf(activity: ActivitySeed): Record<string, string> {
  return {
    codeModeExercice: 'S',
    codeSecteurDactivite: activity.sector,
    codeSectionPharmacien: activity.section ?? '',
    codeRole: activity.role,
    codeGenreActivite: activity.kind ?? 'GENR01',
    numeroSiretSite: '',
    numeroSirenSite: '',
    numeroFinessSite: activity.at.finess,
    numeroFinessetablissementJuridique: '',
    identifiantTechniqueDeLaStructure: activity.at.finess ? `F${activity.at.finess}` : '',
    raisonSocialeSite: activity.at.name,
    enseigneCommercialeSite: '',
    complementDestinataire: '',
    complementPointGeographique: '',
    numeroVoie: '',
    indiceRepetitionVoie: '',
    codeTypeDeVoie: '',
    libelleVoie: '',
    mentionDistribution: '',
    bureauCedex: `${activity.at.postalCode} ${activity.at.city}`,
    codePostal: activity.at.postalCode,
    codeCommune: '',
    codePays: '',
    telephone: '',
    telephone2: '',
    telecopie: '',
    adresseEMail: '',
    codeDepartement: '',
    ancienIdentifiantDeLaStructure: '',
    autoriteDenregistrement: 'CNOP/CNOP/CNOP',
  }
}
