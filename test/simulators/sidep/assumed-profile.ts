/** Judges a message by the assumed profile, field by field, and takes out of it what the simulated national file keeps. */
import { at, MessageRefused, type ReadMessage, type ReadSegment, repetitions } from './hl7-reader.ts'

export type ReportKind = 'original' | 'replacement' | 'cancellation'

export type Report = {
  readonly controlId: string
  readonly kind: ReportKind
  readonly screeningId: string
  readonly version: number
  readonly replacesVersion: number | null
  readonly pharmacy: string
  readonly professional: string
  readonly patient: { readonly name: string; readonly firstName: string; readonly birthDate: string; readonly ins: string | null }
  readonly sampledAt: string
  readonly results: readonly { readonly analyte: string; readonly result: string }[]
  readonly symptoms: string
  readonly consent: string
}

const kinds: Record<string, { kind: ReportKind; observation: string; report: string }> = {
  NW: { kind: 'original', observation: 'F', report: 'F' },
  RO: { kind: 'replacement', observation: 'C', report: 'C' },
  CA: { kind: 'cancellation', observation: 'D', report: 'X' },
}
const analytes: Record<string, string> = {
  '94558-4': 'SARS-CoV-2',
  '80382-5': 'Grippe A',
  '80383-3': 'Grippe B',
  '72885-7': 'VRS',
  '78012-2': 'Streptocoque A',
}
const results: Record<string, string> = {
  '10828004': 'positif',
  '260385009': 'négatif',
  '373068000': 'indéterminé',
  '125154007': 'échantillon insatisfaisant',
}
const symptomBands = ['ASYMPTOMATIQUE', 'J0-J1', 'J2-J4', 'J5-J7', 'J8-J14', 'J15-J28', 'INCONNU']

/** Throws `MessageRefused` with the code of HL7 table 0357, or of the agency's list, at the first rule that does not hold. */
export function judge(message: ReadMessage): Report {
  const order = message.segments.map(({ name }) => name).join(' ')
  if (!/^MSH PID ORC OBR (NTE )?(OBX )+SPM$/.test(order)) refuse('100', 'MSH', `L’ordre des segments est faux : ${order}.`)
  const [msh, pid, orc, obr] = message.segments
  if (!msh || !pid || !orc || !obr) return refuse('100', 'MSH', 'Un segment manque.')
  judgeHeader(msh)
  const version = judgeOrder(orc, obr)
  const observations = message.segments.filter(({ name }) => name === 'OBX')
  const answers = judgeObservations(observations, version.observation)
  mustMatch(obr, 'OBR-4', /^(94558-4|80382-5|80383-3|72885-7|78012-2)$/, '103')
  const spm = message.segments.at(-1)
  if (spm) mustBeTime(spm, 'SPM-17')
  return {
    controlId: at(msh, 'MSH-10'),
    kind: version.kind,
    screeningId: at(orc, 'ORC-2'),
    version: version.version,
    replacesVersion: version.replacesVersion,
    pharmacy: at(orc, 'ORC-21.10'),
    professional: at(orc, 'ORC-12'),
    patient: judgePatient(pid),
    sampledAt: at(obr, 'OBR-7'),
    ...answers,
  }
}

function judgeHeader(msh: ReadSegment): void {
  mustMatch(msh, 'MSH-3', /^PASSERELLE$/, '103')
  mustMatch(msh, 'MSH-4', /^1(\d{9}|2[AB]\d{7})$/, '103')
  mustBeTime(msh, 'MSH-7')
  mustMatch(msh, 'MSH-9.1', /^ORU$/, '200')
  mustMatch(msh, 'MSH-9.2', /^R01$/, '201')
  mustMatch(msh, 'MSH-9.3', /^ORU_R01$/, '200')
  mustMatch(msh, 'MSH-10', /^[A-Z0-9]{1,20}$/, '102')
  mustMatch(msh, 'MSH-11', /^[PTD]$/, '202')
  mustMatch(msh, 'MSH-12', /^2\.5$/, '203')
  mustMatch(msh, 'MSH-17', /^FRA$/, '103')
  mustMatch(msh, 'MSH-18', /^UNICODE UTF-8$/, '103')
  mustMatch(msh, 'MSH-21.1', /^1\.0$/, '103')
  mustMatch(msh, 'MSH-21.2', /^PASSERELLE_SIDEP_ASSUMED$/, '103')
}

function judgePatient(pid: ReadSegment): Report['patient'] {
  const identifiers = Array.from({ length: repetitions(pid, 3) }, (_, index) => index + 1)
  const withIns = identifiers.find((n) => at(pid, `PID-3[${n}].5`) === 'INS')
  const local = identifiers.find((n) => at(pid, `PID-3[${n}].5`) === 'PI')
  if (local === undefined) refuse('101', 'PID-3', 'L’identifiant local (PI) manque.')
  const ins = withIns === undefined ? null : at(pid, `PID-3[${withIns}]`)
  if (withIns !== undefined) {
    if (!insKeyHolds(ins ?? '')) refuse('904', 'PID-3', 'La clé du matricule INS est fausse.')
    mustMatch(pid, `PID-3[${withIns}].4.2`, /^1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)$/, '905')
  }
  mustMatch(pid, 'PID-5', /\S/, '101')
  mustMatch(pid, 'PID-5.2', /\S/, '101')
  mustMatch(pid, 'PID-5.7', /^L$/, '103')
  mustMatch(pid, 'PID-7', /^\d{8}$/, '102')
  mustMatch(pid, 'PID-8', /^[FMU]$/, '103')
  mustMatch(pid, 'PID-32', /^(PROV|VALI|RECUP|QUAL)$/, '103')
  if (/^(RECUP|QUAL)$/.test(at(pid, 'PID-32')) && ins === null) refuse('903', 'PID-3', 'Identité qualifiée sans INS.')
  return { name: at(pid, 'PID-5'), firstName: at(pid, 'PID-5.2'), birthDate: at(pid, 'PID-7'), ins }
}

function judgeOrder(orc: ReadSegment, obr: ReadSegment) {
  const control = kinds[at(orc, 'ORC-1')]
  if (!control) return refuse('103', 'ORC-1', 'ORC-1 n’est ni NW, ni RO, ni CA.')
  mustMatch(orc, 'ORC-2', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '102')
  mustMatch(orc, 'ORC-12', /^8\d{11}$/, '901')
  mustMatch(orc, 'ORC-12.9.2', /^1\.2\.250\.1\.71\.4\.2\.1$/, '901')
  mustMatch(orc, 'ORC-21.10', /^1(\d{9}|2[AB]\d{7})$/, '901')
  mustBeTime(orc, 'ORC-9')
  mustBeTime(obr, 'OBR-7')
  const screeningId = at(orc, 'ORC-2')
  const version = versionAt(at(orc, 'ORC-3'), screeningId, 'ORC-3')
  const replacesVersion = control.kind === 'original' ? null : versionAt(at(orc, 'ORC-8'), screeningId, 'ORC-8')
  if (control.kind === 'original' && at(orc, 'ORC-8') !== '') refuse('103', 'ORC-8', 'Un original ne remplace rien.')
  if (at(obr, 'OBR-2') !== screeningId || at(obr, 'OBR-3') !== at(orc, 'ORC-3')) refuse('103', 'OBR-2', 'ORC et OBR diffèrent.')
  if (at(obr, 'OBR-25') !== control.report) refuse('103', 'OBR-25', 'OBR-25 ne s’accorde pas avec ORC-1.')
  return { ...control, version, replacesVersion }
}

function judgeObservations(observations: readonly ReadSegment[], status: string) {
  const found: { analyte: string; result: string }[] = []
  const answers = new Map<string, string>()
  observations.forEach((obx, index) => {
    const place = `OBX[${index + 1}]`
    if (at(obx, 'OBX-1') !== String(index + 1)) refuse('100', `${place}-1`, 'Les OBX ne se suivent pas.')
    mustMatch(obx, 'OBX-2', /^(CWE|ST|DT)$/, '103')
    if (at(obx, 'OBX-11') !== status) refuse('103', `${place}-11`, 'OBX-11 ne s’accorde pas avec ORC-1.')
    mustBeTime(obx, 'OBX-14')
    if (at(obx, 'OBX-3.3') === '') refuse('101', `${place}-3.3`, 'Le système de codage manque.')
    if (at(obx, 'OBX-2') === 'CWE' && at(obx, 'OBX-5.3') === '') refuse('101', `${place}-5.3`, 'Le système de codage manque.')
    if (at(obx, 'OBX-3.3') === 'LN') found.push(resultOf(obx, place))
    else if (answers.has(at(obx, 'OBX-3'))) refuse('198', `${place}-3`, 'Une observation est donnée deux fois.')
    else answers.set(at(obx, 'OBX-3'), at(obx, 'OBX-5'))
  })
  if (found.length === 0) refuse('101', 'OBX-5', 'Aucun résultat.')
  if (new Set(found.map(({ analyte }) => analyte)).size !== found.length)
    refuse('198', 'OBX-3', 'Deux résultats pour une analyse.')
  const symptoms = answers.get('SYMPTOMS') ?? refuse('101', 'OBX-3', 'Les symptômes manquent.')
  const consent = answers.get('GEN-366') ?? refuse('101', 'OBX-3', 'Le consentement manque.')
  if (!answers.get('KIT')) refuse('101', 'OBX-3', 'Le test utilisé manque.')
  if (!symptomBands.includes(symptoms)) refuse('103', 'OBX-5', 'Symptômes hors table.')
  if (!/^(Y|N|ASKU)$/.test(consent)) refuse('103', 'OBX-5', 'Consentement hors table.')
  return { results: found, symptoms, consent }
}

function resultOf(obx: ReadSegment, place: string): { analyte: string; result: string } {
  const analyte = analytes[at(obx, 'OBX-3')] ?? refuse('103', `${place}-3`, 'Code LOINC hors table.')
  const result = results[at(obx, 'OBX-5')] ?? refuse('103', `${place}-5`, 'Code de résultat hors table.')
  if (at(obx, 'OBX-5.3') !== 'SCT') refuse('103', `${place}-5.3`, 'Le résultat n’est pas codé en SNOMED CT.')
  return { analyte, result }
}

function versionAt(text: string, screeningId: string, place: string): number {
  const version = text.startsWith(`${screeningId}-`) ? text.slice(screeningId.length + 1) : ''
  return /^[1-9]\d{0,3}$/.test(version) ? Number(version) : refuse('102', place, 'Le numéro de version est illisible.')
}

/** `97 − number mod 97`, on the text of the number itself: Corsica counts as 19 and 18. */
function insKeyHolds(matricule: string): boolean {
  if (!/^\d{5}(\d\d|2[AB])\d{8}$/.test(matricule)) return false
  const digits = matricule.slice(0, 13).replace('2A', '19').replace('2B', '18')
  let remainder = 0
  for (const digit of digits) remainder = (remainder * 10 + Number(digit)) % 97
  return 97 - remainder === Number(matricule.slice(13))
}

function mustBeTime(segment: ReadSegment, place: string): void {
  mustMatch(segment, place, /^\d{14}\+0[12]00$/, '102')
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(at(segment, place)) ?? []
  if (Number.isNaN(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`))) refuse('102', place, 'Heure impossible.')
}

function mustMatch(segment: ReadSegment, place: string, pattern: RegExp, code: string): void {
  const value = at(segment, place)
  if (value === '' && !pattern.test('')) refuse('101', place, `${place} manque.`)
  if (!pattern.test(value)) refuse(code, place, `${place} n’est pas conforme.`)
}

function refuse(code: string, location: string, says: string): never {
  throw new MessageRefused(code, location, says)
}
