/** The duties of whoever hosts and runs the gateway, each as a live check. */
import { auditDaysUsual, payloadDaysUsual } from '../domain/retention.ts'
import { type Check, days, fail, pass, spanText, warn } from './check.ts'

export const dutiesChecks: readonly Check[] = [
  {
    id: 'production-profile',
    answers: ['HDS'],
    title: 'Le profil est celui de la production',
    judge: ({ profile }) =>
      profile === 'production'
        ? pass('Profil production.')
        : fail(
            `Profil ${profile}\u00a0: démonstration ou essai.`,
            'PASSERELLE_PROFILE=production, une fois les simulateurs retirés.',
          ),
  },
  {
    id: 'region',
    answers: ['HDS'],
    title: 'Tout se trouve dans l’Espace économique européen',
    judge: ({ hosting, countriesOutsideEea, outsideEndpoints }) => {
      if (countriesOutsideEea.length > 0)
        return fail(
          `Hors de l’EEE\u00a0: ${countriesOutsideEea.join(', ')}.`,
          'Choisissez un hébergement et des destinations dans l’EEE.',
        )
      const unknown = outsideEndpoints.filter(({ country }) => country === null)
      if (!hosting || unknown.length > 0)
        return warn('Le pays n’est pas déclaré partout.', 'Renseignez country dans gateway.yaml et destinations.yaml.')
      return pass(`Hébergement\u00a0: ${hosting.country}\u00a0; destinations et connexion dans l’EEE.`)
    },
  },
  {
    id: 'tls-grade',
    answers: ['HDS'],
    title: 'La porte publique parle un TLS actuel',
    judge: ({ front, publicUrl }) => {
      if (publicUrl.startsWith('http:'))
        return fail('L’adresse publique est en http.', 'Placez un serveur TLS devant la passerelle et mettez publicUrl en https.')
      if (!front)
        return warn(
          `${publicUrl} n’a pas pu être atteint d’ici.`,
          'Relancez le diagnostic depuis une machine qui voit l’adresse publique.',
        )
      if (front.oldTlsAccepted) return fail('TLS 1.1 est accepté.', 'N’acceptez que TLS 1.2 et 1.3 (guide ANSSI SDE-NT-35).')
      const left = front.certificateLeftMs ?? 0
      if (left < days(7)) return fail(`Le certificat échoit dans ${spanText(left)}.`, 'Renouvelez-le.')
      if ((front.hstsSeconds ?? 0) < 365 * 86_400)
        return fail('Strict-Transport-Security manque ou dure moins d’un an.', 'Laissez passer l’en-tête de la passerelle.')
      if (left < days(21))
        return warn(`${front.protocol}, le certificat échoit dans ${spanText(left)}.`, 'Vérifiez son renouvellement.')
      return pass(`${front.protocol}, certificat valable ${spanText(left)}, TLS 1.1 refusé, HSTS d’un an.`)
    },
  },
  {
    id: 'root-key',
    answers: ['HDS'],
    title: 'La clé racine est gardée et changée chaque année',
    judge: ({ keys, upkeep }) => {
      if (keys.fileMode !== null && (keys.fileMode & 0o007) !== 0)
        return fail(`Le fichier des clés racine est en mode ${(keys.fileMode & 0o777).toString(8)}.`, 'Mettez-le en mode 0400.')
      const old = keys.roots.filter(({ kid, tenantKeys }) => kid !== keys.primaryKid && tenantKeys > 0)
      if (old.length > 0)
        return warn(
          `D’anciennes clés racine servent encore\u00a0: ${old.map(({ kid }) => kid).join(', ')}.`,
          'Lancez keys rewrap, puis keys retire.',
        )
      const age = upkeep.keys.rootAgeMs
      if (age === null) return pass(`Clé racine ${keys.primaryKid}.`)
      return age > days(400)
        ? warn(`La clé racine a ${spanText(age)}.`, 'Changez-la\u00a0: keys add-root, promote-root, rewrap, retire.')
        : pass(`Clé racine ${keys.primaryKid}, ${spanText(age)}.`)
    },
  },
  {
    id: 'tenant-keys',
    answers: ['HDS'],
    title: 'Les clés des officines sont changées chaque année',
    judge: ({ upkeep }) => {
      const age = upkeep.keys.tenantAgeMs
      if (age === null) return pass('Aucune officine n’a encore de clé.')
      return age > days(400)
        ? warn(`La plus ancienne a ${spanText(age)}.`, 'Lancez keys rotate-tenant, puis keys rewrap.')
        : pass(`La plus ancienne a ${spanText(age)}.`)
    },
  },
  {
    id: 'key-store-apart',
    answers: ['HDS'],
    title: 'Les clés sont sur un autre serveur que les données',
    judge: ({ keyStore }) => {
      if (keyStore.sameServer === false) return pass('Deux serveurs PostgreSQL distincts.')
      const advice = 'Placez le magasin de clés sur un serveur à lui, avec des sauvegardes à lui.'
      return keyStore.sameServer === true
        ? fail('Un seul serveur porte données et clés\u00a0: l’effacement n’atteint pas ses sauvegardes physiques.', advice)
        : warn('Il n’a pas été possible de comparer les deux serveurs.', advice)
    },
  },
  {
    id: 'audit-sealed',
    answers: ['F8', 'HDS'],
    title: 'Le journal est scellé',
    judge: ({ audit, upkeep }) => {
      if (!audit.keyGiven)
        return fail('Aucune clé ne scelle le journal.', 'Créez-la (audit new-key) et donnez-la par AUDIT_KEY_FILE.')
      if (audit.problems !== null && audit.problems.length > 0)
        return fail(
          `Le journal a été changé\u00a0: ${[...new Set(audit.problems)].join(', ')}.`,
          'Gardez tout en l’état, lancez audit verify, prévenez le responsable.',
        )
      const waiting = upkeep.audit.unsealedAgeMs ?? 0
      if (waiting > 60_000)
        return fail(
          `Des traces attendent d’être scellées depuis ${spanText(waiting)}.`,
          'Un worker doit tourner\u00a0: il scelle chaque seconde.',
        )
      return pass(`${audit.events} traces scellées, chaîne et signatures vérifiées.`)
    },
  },
  {
    id: 'audit-anchored',
    answers: ['HDS'],
    title: 'Le sceau du journal est aussi hors de la base',
    judge: ({ audit, upkeep }) => {
      const advice = 'Donnez AUDIT_ANCHOR_FILE, un fichier sur un autre volume que la base.'
      if (!audit.anchorFile) return fail('Aucun sceau ne quitte la base\u00a0: une fin coupée ne se verrait pas.', advice)
      const age = upkeep.audit.anchorAgeMs
      if (age === null)
        return audit.events === 0 ? pass('Rien à ancrer encore.') : fail('Le fichier d’ancrage n’existe pas.', advice)
      return age > days(2) && upkeep.audit.unsealed > 0
        ? fail(`Dernier ancrage il y a ${spanText(age)}.`, advice)
        : pass(`Dernier ancrage il y a ${spanText(age)}.`)
    },
  },
  {
    id: 'retention',
    answers: ['F11'],
    title: 'Les données partent à leur terme',
    judge: ({ retention }) => {
      const { payloadDays, reason, auditDays, auditReason } = retention
      if (payloadDays > payloadDaysUsual)
        return warn(
          `Données de patient gardées ${payloadDays} jours après la fin\u00a0: ${reason ?? 'sans raison donnée'}.`,
          'Plus de 90 jours demande une base légale\u00a0: faites-la vérifier.',
        )
      return auditDays > auditDaysUsual
        ? warn(
            `Traces gardées ${auditDays} jours\u00a0: ${auditReason ?? 'sans raison donnée'}.`,
            'Plus de douze mois se justifie (CNIL, délibération 2021-122)\u00a0: faites-le vérifier.',
          )
        : pass(`Données de patient effacées ${payloadDays} jours après la fin, traces après ${auditDays} jours.`)
    },
  },
  {
    id: 'backup',
    answers: ['HDS'],
    title: 'Une sauvegarde récente a été restaurée pour de vrai',
    judge: ({ backup, upkeep }) => {
      const advice = 'Lancez backup drill, chaque mois au moins.'
      if (backup.lastOutcome === null) return fail('Aucune restauration d’essai.', advice)
      if (backup.lastOutcome === 'failed')
        return fail('La dernière restauration d’essai a échoué.', 'Relisez backup status, réparez, relancez backup drill.')
      const drill = upkeep.backup.drillAgeMs ?? Number.POSITIVE_INFINITY
      const dump = upkeep.backup.dumpAgeMs ?? Number.POSITIVE_INFINITY
      if (drill > days(92)) return fail(`Dernière restauration d’essai il y a ${spanText(drill)}.`, advice)
      if (drill > days(35)) return warn(`Dernière restauration d’essai il y a ${spanText(drill)}.`, advice)
      return pass(`Restauration d’essai réussie il y a ${spanText(drill)}, d’une sauvegarde de ${spanText(dump)}.`)
    },
  },
  {
    id: 'log-level',
    answers: ['HDS'],
    title: 'Les journaux techniques ne sont pas bavards',
    judge: ({ logLevel }) =>
      ['debug', 'trace'].includes(logLevel) ? fail(`Niveau ${logLevel}.`, 'LOG_LEVEL=info.') : pass(`Niveau ${logLevel}.`),
  },
  {
    id: 'no-default-secret',
    answers: ['F3', 'HDS'],
    title: 'Aucun secret par défaut',
    judge: ({ secrets }) =>
      secrets.weak.length > 0
        ? fail(
            `Trop courts, ou laissés tels quels\u00a0: ${secrets.weak.join(', ')}.`,
            'Tirez-les au hasard, 16 caractères au moins.',
          )
        : pass('Aucun secret court ou connu.'),
  },
  {
    id: 'clock',
    answers: ['HDS'],
    title: 'Les horloges s’accordent',
    judge: ({ clockSkewMs }) => {
      const skew = Math.abs(clockSkewMs)
      if (skew > 30_000) return fail(`Écart de ${spanText(skew)} avec une base.`, 'Synchronisez les machines par NTP.')
      return skew > 2000
        ? warn(`Écart de ${spanText(skew)} avec une base.`, 'Synchronisez les machines par NTP.')
        : pass(`Écart de ${Math.round(skew)} ms au plus.`)
    },
  },
  {
    id: 'egress',
    answers: ['F12', 'HDS'],
    title: 'Les sorties sont connues',
    judge: ({ outsideEndpoints }) =>
      pass(
        `La passerelle n’appelle que\u00a0: ${outsideEndpoints.map(({ host, purpose }) => `${host} (${purpose})`).join(', ')}. N’ouvrez rien d’autre au pare-feu.`,
      ),
  },
  {
    id: 'ledger',
    answers: ['HDS'],
    title: 'Le grand livre est équilibré',
    judge: ({ ledgerDifferences }) =>
      ledgerDifferences > 0
        ? fail(`${ledgerDifferences} lignes ne s’équilibrent pas.`, 'Lancez ledger check\u00a0: il nomme chaque écart.')
        : pass('Chaque dépistage est compté, du comptoir à l’accusé de réception.'),
  },
  {
    id: 'migrations',
    answers: ['HDS'],
    title: 'Les bases sont à la version du programme',
    judge: ({ migrationsLacking }) =>
      migrationsLacking > 0
        ? fail(`${migrationsLacking} migrations manquent.`, 'Lancez migrate.')
        : pass('Aucune migration ne manque.'),
  },
  {
    id: 'not-root',
    answers: ['HDS'],
    title: 'Le programme n’a pas les droits de l’administrateur',
    judge: ({ process }) =>
      process.userId === 0
        ? fail('Le programme tourne en root.', 'Lancez l’image sous son propre utilisateur (UID 10001).')
        : pass(`Utilisateur ${process.userId}.`),
  },
]
