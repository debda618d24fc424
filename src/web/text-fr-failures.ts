/** French for everything that can go wrong beyond a field: refused declarations, sign-ins and requests, with what to do about each. */
import type { SignInProblem } from '../auth/auth.ts'
import type { FailureCode } from '../domain/failure-codes.ts'
import type { ProblemCode } from '../http/problem.ts'

/** What happened, and what to do about it. */
export const failureText: Record<FailureCode, { readonly what: string; readonly mend: string }> = {
  'look-up-unclear': {
    what: 'La destination, interrogée sur cette transmission, n’a pas répondu clairement.',
    mend: 'Vérifiez auprès d’elle si elle la détient, puis renvoyez-la ou constatez sa réception.',
  },
  'unmapped-code': {
    what: 'Une valeur saisie n’a pas de code dans le format de la destination.',
    mend: 'Prévenez l’administrateur de votre groupement : le catalogue est à compléter.',
  },
  'missing-trait': {
    what: 'Un trait d’identité exigé par la destination manque.',
    mend: 'Complétez l’identité du patient et transmettez de nouveau.',
  },
  'kit-without-udi': {
    what: 'Le test utilisé n’a pas de code IUD au catalogue, et la destination l’exige.',
    mend: 'Saisissez le code IUD-ID lu sur la boîte et transmettez de nouveau.',
  },
  'not-expressible': {
    what: 'Le format de cette destination ne sait pas dire une annulation ; rien n’est parti.',
    mend: 'Prévenez vous-même la destination que ce dépistage est annulé, puis constatez-le ici.',
  },
  'message-too-large': {
    what: 'Le message dépasse la taille admise par la destination.',
    mend: 'Raccourcissez le commentaire et transmettez de nouveau.',
  },
  'pharmacy-not-configured': {
    what: 'Cette officine n’est plus déclarée dans la passerelle.',
    mend: 'Prévenez l’administrateur de votre groupement : l’officine est à déclarer de nouveau.',
  },
  'unreadable-content': {
    what: 'Le dépistage enregistré n’a pas pu être relu.',
    mend: 'Prévenez votre hébergeur en donnant la référence de la transmission.',
  },
  'not-conserved': {
    what: 'La relecture du message avant l’envoi ne redonnait pas exactement votre saisie ; rien n’est parti.',
    mend: 'Prévenez votre hébergeur en donnant la référence de la transmission.',
  },
  unreachable: { what: 'La destination ne répond pas.', mend: 'Rien à faire : la transmission repart seule.' },
  'tls-refused': {
    what: 'La liaison chiffrée avec la destination a été refusée.',
    mend: 'Rien à faire au comptoir : la transmission repart seule, et votre hébergeur est prévenu.',
  },
  'host-key-refused': {
    what: 'Le serveur de la destination n’a pas montré la clé attendue ; rien n’est parti.',
    mend: 'Rien à faire au comptoir : prévenez votre hébergeur, la clé est à vérifier.',
  },
  'address-refused': {
    what: 'L’adresse ou le dossier de la destination n’est pas celui qui est déclaré ; rien n’est parti.',
    mend: 'Rien à faire au comptoir : prévenez votre hébergeur.',
  },
  busy: { what: 'La destination est saturée.', mend: 'Rien à faire : la transmission repart seule.' },
  'refused-for-now': {
    what: 'La destination refuse pour le moment.',
    mend: 'Rien à faire : la transmission repart seule.',
  },
  'unauthorised-sender': {
    what: 'La destination ne reconnaît pas cette passerelle.',
    mend: 'Rien à faire au comptoir : prévenez votre hébergeur si cela dure.',
  },
  'answer-lost': {
    what: 'La transmission est partie, mais la réponse s’est perdue : la destination l’a peut-être reçue.',
    mend: 'Vérifiez auprès de la destination avant de décider d’un nouvel envoi.',
  },
  'answer-unreadable': {
    what: 'La réponse de la destination est illisible : elle a peut-être reçu la transmission.',
    mend: 'Vérifiez auprès de la destination avant de décider d’un nouvel envoi.',
  },
  'answer-for-another': {
    what: 'La réponse reçue concerne une autre transmission : celle-ci a peut-être été reçue.',
    mend: 'Vérifiez auprès de la destination avant de décider d’un nouvel envoi.',
  },
  'answer-too-large': {
    what: 'La réponse de la destination est trop longue pour être lue : elle a peut-être reçu la transmission.',
    mend: 'Vérifiez auprès de la destination avant de décider d’un nouvel envoi.',
  },
  'lease-expired': {
    what: 'L’envoi a été interrompu en cours de route : la destination l’a peut-être reçu.',
    mend: 'Vérifiez auprès de la destination avant de décider d’un nouvel envoi.',
  },
  'segment-sequence': {
    what: 'La destination refuse la structure du message.',
    mend: 'Prévenez votre hébergeur : le format est à revoir, votre saisie n’est pas en cause.',
  },
  'required-field-missing': {
    what: 'Un champ exigé par la destination manque.',
    mend: 'Complétez la saisie et transmettez de nouveau.',
  },
  'data-type': {
    what: 'Une valeur n’a pas la forme attendue par la destination.',
    mend: 'Vérifiez les dates, les numéros et le téléphone, puis transmettez de nouveau.',
  },
  'table-value': {
    what: 'Un code n’est pas connu de la destination.',
    mend: 'Vérifiez le test choisi ; s’il est juste, prévenez l’administrateur de votre groupement.',
  },
  'value-too-long': {
    what: 'Une valeur est plus longue que la destination ne l’admet.',
    mend: 'Abrégez l’adresse ou le commentaire, puis transmettez de nouveau.',
  },
  cardinality: {
    what: 'La destination refuse le nombre de valeurs d’un champ.',
    mend: 'Prévenez votre hébergeur : le format est à revoir.',
  },
  'unsupported-message': {
    what: 'La destination ne traite pas ce type de message.',
    mend: 'Prévenez votre hébergeur : la destination est à reconfigurer.',
  },
  'processing-id': {
    what: 'La destination n’est pas dans le même mode (essai ou réel) que cette passerelle.',
    mend: 'Prévenez votre hébergeur : la destination est à reconfigurer.',
  },
  'unknown-key': {
    what: 'La destination ne connaît pas le dépistage auquel cette transmission se rapporte.',
    mend: 'Vérifiez que la version précédente a été acceptée ; si oui, prévenez votre hébergeur.',
  },
  'duplicate-key': {
    what: 'La destination dit détenir déjà une transmission de ce numéro.',
    mend: 'Vérifiez auprès d’elle ; si elle détient bien celle-ci, constatez sa réception, sinon prévenez votre hébergeur.',
  },
  'record-locked': {
    what: 'La destination est occupée à modifier ce même dépistage.',
    mend: 'Attendez quelques minutes, puis transmettez de nouveau.',
  },
  'application-error': {
    what: 'La destination a refusé le message sans préciser davantage.',
    mend: 'Vérifiez la saisie ; si elle est juste, prévenez votre hébergeur.',
  },
  'wrong-version': {
    what: 'La version à remplacer ou à annuler n’est pas celle que la destination connaît.',
    mend: 'Vérifiez que la version précédente a été acceptée ; si oui, prévenez votre hébergeur.',
  },
  'author-not-allowed': {
    what: 'La destination n’admet pas le professionnel qui a signé.',
    mend: 'Faites vérifier votre numéro RPPS auprès de la destination.',
  },
  'unknown-patient': {
    what: 'La destination ne connaît pas ce patient.',
    mend: 'Vérifiez l’identité et le matricule INS, puis transmettez de nouveau.',
  },
  'ins-missing': {
    what: 'La destination exige le matricule INS.',
    mend: 'Saisissez le matricule INS et transmettez de nouveau.',
  },
  'ins-mismatch': {
    what: 'Le matricule INS ne correspond pas aux traits d’identité.',
    mend: 'Vérifiez le nom, les prénoms, le sexe et la date de naissance, puis transmettez de nouveau.',
  },
  'ins-incomplete': {
    what: 'L’identité INS est incomplète.',
    mend: 'Complétez les prénoms et le lieu de naissance, puis transmettez de nouveau.',
  },
  refused: {
    what: 'La destination a refusé la transmission.',
    mend: 'Vérifiez la saisie ; si elle est juste, prévenez votre hébergeur.',
  },
  'retry-budget-spent': {
    what: 'Tous les essais prévus ont échoué.',
    mend: 'Le titulaire peut la remettre en file quand la destination répond de nouveau.',
  },
}

export const signInProblemText: Record<SignInProblem, { readonly what: string; readonly todo: string }> = {
  'psc-unavailable': {
    what: 'Pro Santé Connect ne répond pas.',
    todo: 'Réessayez dans quelques minutes. Les dépistages déjà enregistrés continuent de partir.',
  },
  declined: {
    what: 'La connexion a été abandonnée ou refusée dans Pro Santé Connect.',
    todo: 'Recommencez, et acceptez la demande sur votre téléphone ou avec votre carte CPS.',
  },
  'sign-in-expired': {
    what: 'Cette connexion a expiré, ou a déjà servi.',
    todo: 'Recommencez depuis cette page, dans le même navigateur.',
  },
  'not-trusted': {
    what: 'La réponse reçue ne peut pas être considérée comme sûre.',
    todo: 'Recommencez. Si cela se reproduit, prévenez votre hébergeur.',
  },
  'level-not-accepted': {
    what: 'Le niveau de garantie de votre moyen de connexion n’est pas accepté ici.',
    todo: 'Connectez-vous avec l’application e-CPS ou avec votre carte CPS.',
  },
  'no-rpps': {
    what: 'Pro Santé Connect n’a pas transmis de numéro RPPS pour vous.',
    todo: 'Faites vérifier votre inscription au RPPS auprès de votre Ordre.',
  },
  'profession-not-admitted': {
    what: 'Ce service est réservé aux équipes des officines.',
    todo: 'Votre profession n’y a pas accès. Si c’est une erreur, faites vérifier votre inscription au RPPS.',
  },
  'no-pharmacy-here': {
    what: 'Aucune de vos activités ne se rattache à une officine de cette passerelle.',
    todo: 'Demandez au titulaire, ou à l’administrateur du groupement, de vérifier le numéro FINESS déclaré.',
  },
}

export const problemText: Record<ProblemCode, { readonly title: string; readonly what: string; readonly todo: string }> = {
  'bad-request': {
    title: 'Demande incomprise',
    what: 'Cette demande n’a pas la forme attendue ; rien n’a été enregistré.',
    todo: 'Revenez à la page précédente, actualisez-la, puis recommencez.',
  },
  'not-signed-in': {
    title: 'Session terminée',
    what: 'Votre session a pris fin ; rien n’a été enregistré.',
    todo: 'Connectez-vous de nouveau.',
  },
  forbidden: {
    title: 'Accès refusé',
    what: 'Votre rôle ne permet pas cette action, ou la demande ne venait pas de nos pages.',
    todo: 'Revenez à la liste du jour. Un pharmacien peut signer ce qu’un préparateur a saisi.',
  },
  'not-found': {
    title: 'Page introuvable',
    what: 'Il n’y a rien à cette adresse, ou rien que vous puissiez voir.',
    todo: 'Revenez à la liste du jour.',
  },
  'method-not-allowed': {
    title: 'Demande impossible',
    what: 'Cette adresse n’accepte pas ce genre de demande.',
    todo: 'Revenez à la liste du jour.',
  },
  conflict: {
    title: 'Déjà enregistré',
    what: 'Quelqu’un a été plus rapide, ou ce formulaire a déjà servi.',
    todo: 'Vérifiez dans la liste du jour avant de recommencer.',
  },
  'not-configured': {
    title: 'Destination retirée',
    what: 'Cette destination n’est plus déclarée dans la passerelle : renvoyée, la transmission attendrait sans fin. Rien n’a été changé.',
    todo: 'Demandez à l’administrateur de votre groupement de la déclarer de nouveau ; ou, si elle détient déjà la transmission, constatez sa réception depuis le suivi du dépistage.',
  },
  'too-large': {
    title: 'Envoi trop volumineux',
    what: 'Le formulaire dépasse la taille admise ; rien n’a été enregistré.',
    todo: 'Revenez à la page précédente et raccourcissez le texte.',
  },
  'too-many-requests': {
    title: 'Trop de demandes',
    what: 'Trop de demandes sont arrivées en peu de temps ; celle-ci n’a pas été traitée.',
    todo: 'Attendez quelques secondes, puis actualisez la page.',
  },
  internal: {
    title: 'Erreur de notre côté',
    what: 'Une erreur est survenue de notre côté.',
    todo: 'Vérifiez dans la liste du jour si l’enregistrement a eu lieu. Si l’erreur revient, donnez la référence ci-dessous à votre hébergeur.',
  },
  unavailable: {
    title: 'Service momentanément indisponible',
    what: 'Le service ne peut pas répondre pour le moment.',
    todo: 'Réessayez dans un instant. Ce qui était déjà enregistré est en sûreté.',
  },
}
