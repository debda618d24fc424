/** The findings of the Francetest case, F1 to F13, each as a live check. */
import { type Check, days, fail, pass, spanText, warn } from './check.ts'

const notReached = (address: string) =>
  warn(
    `${address} n’a pas pu être atteint d’ici.`,
    'Relancez le diagnostic depuis une machine qui voit l’adresse publique, ou ouvrez la route réseau.',
  )

export const findingsChecks: readonly Check[] = [
  {
    id: 'no-file-served',
    answers: ['F1'],
    title: 'Le serveur web ne sert aucun fichier',
    judge: ({ front, publicUrl }) => {
      if (!front) return notReached(publicUrl)
      if (front.canariesServed.length === 0) return pass(`${front.canariesAsked} chemins de fichiers demandés, aucun servi.`)
      return fail(
        `Servis\u00a0: ${front.canariesServed.join(', ')}.`,
        'Un serveur placé devant la passerelle publie des fichiers\u00a0: retirez-lui tout dossier.',
      )
    },
  },
  {
    id: 'no-file-left',
    answers: ['F2'],
    title: 'Aucun extrait ne peut rester sur un disque',
    judge: ({ process }) =>
      process.canWriteBesideCode
        ? fail(
            'Le programme peut écrire à côté de son code.',
            'Lancez le conteneur avec un système de fichiers en lecture seule (read_only).',
          )
        : pass('Le système de fichiers du programme est en lecture seule.'),
  },
  {
    id: 'secrets-apart',
    answers: ['F3'],
    title: 'Les secrets sont dans des fichiers à part, lisibles d’un seul utilisateur',
    judge: ({ secrets }) => {
      if (secrets.plain.length > 0)
        return fail(`Dans l’environnement\u00a0: ${secrets.plain.join(', ')}.`, 'Donnez chaque secret par la variable en _FILE.')
      if (secrets.openFiles.length > 0)
        return fail(
          `Fichiers lisibles par d’autres\u00a0: ${secrets.openFiles.join(', ')}.`,
          'Mettez ces fichiers en mode 0600 ou 0400.',
        )
      return pass('Aucun secret dans l’environnement, aucun fichier ouvert à d’autres.')
    },
  },
  {
    id: 'columns-sealed',
    answers: ['F4'],
    title: 'La base seule ne livre aucune donnée de patient',
    judge: ({ sealed }) =>
      sealed.clear > 0
        ? fail(
            `${sealed.clear} lignes sur ${sealed.sampled} ne sont pas chiffrées.`,
            'Arrêtez la passerelle et prévenez son éditeur.',
          )
        : pass(`${sealed.sampled} lignes prises au hasard\u00a0: toutes chiffrées, sous la clé de leur enregistrement.`),
  },
  {
    id: 'no-open-door',
    answers: ['F5'],
    title: 'Aucune page de patient ne s’ouvre sans connexion',
    judge: ({ front, publicUrl }) => {
      if (!front) return notReached(publicUrl)
      if (front.openDoors.length === 0) return pass('Les pages demandées sans connexion renvoient toutes à la connexion.')
      return fail(`Ouvertes\u00a0: ${front.openDoors.join(', ')}.`, 'Un intermédiaire contourne la connexion\u00a0: retirez-le.')
    },
  },
  {
    id: 'strong-sign-in',
    answers: ['F6', 'HDS'],
    title: 'La connexion passe par Pro Santé Connect, et par rien d’autre',
    judge: ({ signIn }) => {
      const host = URL.parse(signIn.issuer)?.hostname ?? ''
      if (signIn.insecureAllowHttp)
        return fail('La connexion est permise en http.', 'Retirez signIn.insecureAllowHttp de gateway.yaml.')
      if (!host.endsWith('.esante.gouv.fr'))
        return fail(`L’émetteur ${host} n’est pas celui de l’État.`, 'Renseignez dans signIn.issuer celui de Pro Santé Connect.')
      if (host.includes('.bas.'))
        return warn(`L’émetteur ${host} est celui du bac à sable.`, 'Passez à l’émetteur de production.')
      if (!signIn.discovery) return notReached(signIn.issuer)
      if (!signIn.discovery.issuerMatches || !signIn.discovery.endpointsAreHttps)
        return fail('Le document de découverte ne correspond pas à l’émetteur.', 'Vérifiez signIn.issuer et signIn.discoveryUrl.')
      return pass(`Émetteur ${host}, document de découverte vérifié.`)
    },
  },
  {
    id: 'strong-cryptography',
    answers: ['F7'],
    title: 'Aucun algorithme faible',
    judge: ({ weakAlgorithms }) =>
      weakAlgorithms.length > 0
        ? fail(
            `Employés\u00a0: ${weakAlgorithms.join(', ')}.`,
            'Cette version n’aurait pas dû paraître\u00a0: prévenez son éditeur.',
          )
        : pass('Inventaire\u00a0: AES-256-GCM, SHA-256, HKDF, Ed25519, ES256\u00a0; ni MD5 ni SHA-1.'),
  },
  {
    id: 'everything-logged',
    answers: ['F8'],
    title: 'Chaque dépistage signé a sa trace',
    judge: ({ audit }) =>
      audit.screeningsWithoutEvent > 0
        ? fail(
            `${audit.screeningsWithoutEvent} dépistages de la journée sont sans trace.`,
            'Des traces ont été retirées\u00a0: lancez audit verify.',
          )
        : pass(`${audit.screenings} dépistages signés depuis 24 h, tous tracés.`),
  },
  {
    id: 'certified-host',
    answers: ['F9', 'HDS'],
    title: 'L’hébergeur est certifié pour les données de santé (HDS)',
    judge: ({ hosting, at }) => {
      const advice = 'Renseignez hosting dans gateway.yaml, avec le certificat HDS de l’hébergeur.'
      if (!hosting) return fail('Aucun certificat HDS n’est déclaré.', advice)
      const left = Date.parse(`${hosting.certificateValidUntil}T00:00:00Z`) + days(1) - at.getTime()
      const named = `${hosting.host}, certificat ${hosting.certificateReference}, activités ${hosting.activities.join(', ')}`
      if (left <= 0)
        return fail(
          `${named}\u00a0: échu le ${hosting.certificateValidUntil}.`,
          'Obtenez de l’hébergeur son certificat en cours.',
        )
      if (left < days(60))
        return warn(`${named}\u00a0: échoit dans ${spanText(left)}.`, 'Demandez à l’hébergeur le certificat suivant.')
      return pass(`${named}, valable jusqu’au ${hosting.certificateValidUntil}.`)
    },
  },
  {
    id: 'weakness-contact',
    answers: ['F10'],
    title: 'Qui trouve une faille sait à qui l’écrire',
    judge: ({ front, publicUrl }) => {
      if (!front) return notReached(publicUrl)
      const left = front.securityTextDaysLeft
      if (left === null)
        return fail('/.well-known/security.txt ne répond pas.', 'Laissez passer ce chemin jusqu’à la passerelle.')
      return left < 30
        ? warn(`security.txt expire dans ${left} jours.`, 'Redémarrez la passerelle.')
        : pass(`security.txt répond, valable ${left} jours.`)
    },
  },
  {
    id: 'declared-recipients',
    answers: ['F11'],
    title: 'Les données ne vont qu’aux destinataires déclarés',
    judge: ({ undeclaredDestinations, destinations }) =>
      undeclaredDestinations.length > 0
        ? fail(
            `Des déclarations nomment ${undeclaredDestinations.join(', ')}, que la configuration ne déclare pas.`,
            'Déclarez ces destinations, ou annulez ces déclarations.',
          )
        : pass(`Destinations déclarées\u00a0: ${destinations.map(({ id }) => id).join(', ')}\u00a0; aucune autre dans la base.`),
  },
  {
    id: 'no-stop-gap',
    answers: ['F12'],
    title: 'Aucun canal de fortune',
    judge: ({ destinations }) => {
      const plain = destinations.filter((one) => one.plainText)
      if (plain.length > 0)
        return fail(
          `En clair\u00a0: ${plain.map(({ id }) => id).join(', ')}.`,
          'Retirez insecureAllowPlainHttp de destinations.yaml.',
        )
      const folders = destinations.filter((one) => one.transport === 'folder')
      if (folders.length > 0)
        return warn(
          `Remise dans un dossier\u00a0: ${folders.map(({ id }) => id).join(', ')}.`,
          'Assurez-vous que ce dossier est chiffré et vidé par son destinataire.',
        )
      return pass('Une destination hors service fait attendre\u00a0: rien ne sort par ailleurs.')
    },
  },
  {
    id: 'published-formats',
    answers: ['F13'],
    title: 'Les formats envoyés sont publiés',
    judge: ({ destinations }) => {
      const assumed = destinations.filter((one) => one.format === 'sidep-oru' && !one.test)
      return assumed.length > 0
        ? warn(
            `Format supposé, non publié\u00a0: ${assumed.map(({ id }) => id).join(', ')}.`,
            'Faites confirmer ce format par le destinataire avant tout envoi réel.',
          )
        : pass('Toutes les destinations reçoivent un format publié par l’Agence du numérique en santé.')
    },
  },
]
