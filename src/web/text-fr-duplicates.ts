/** French of the warning that a person has been screened here today already. */

export const duplicateText = {
  one: (time: string) => `Un dépistage de cette personne a déjà été saisi aujourd’hui, à ${time}.`,
  many: (count: number) => `${count} dépistages de cette personne ont déjà été saisis aujourd’hui.`,
  nothingStored: 'Rien n’est encore enregistré.',
  show: (time: string) => `Voir le dépistage de ${time} (nouvel onglet)`,
  goOn: 'S’il s’agit bien d’un nouveau test, enregistrez-le.',
  store: 'Enregistrer ce nouveau dépistage',
} as const
