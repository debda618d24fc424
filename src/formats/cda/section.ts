/** The body: one section with the narrative, one entry with the device and an observation for each analyte. */
import type { Act } from '../../domain/screening.ts'
import type { Udi } from '../../domain/udi.ts'
import { type Coded, snomedCt } from '../profiles/codes.ts'
import { code, codeAttributes, originalText, point, reference, templateId } from './datatypes.ts'
import { udiText } from './device.ts'
import { anchors, type NarrativeContext, narrative } from './narrative.ts'
import { type AnalyteWords, commentCode, sectionCode } from './vocabulary.ts'
import { type XmlElement, xml } from './xml.ts'

export type Observed = { readonly analyteCode: string; readonly words: AnalyteWords; readonly result: Coded }
export type Body = {
  readonly act: Act
  readonly udi: Udi
  readonly udiRoot: string
  readonly observed: readonly [Observed, ...Observed[]]
  readonly context: NarrativeContext
  /** `YYYYMMDDHHMMSS+ZZZZ`. */
  readonly sampledAt: string
}

export function bodyOf(body: Body): XmlElement {
  const rows = body.observed.map(({ words, result }) => ({ analyte: words.narrative, result: result.display }))
  const section = xml(
    'section',
    null,
    templateId('1.3.6.1.4.1.19376.1.3.3.2.1'),
    templateId('1.2.250.1.213.1.1.2.70'),
    code(sectionCode),
    xml('title', null, "Résultat du test rapide d'orientation diagnostique"),
    narrative(body.act, body.udi, { rows, context: body.context, sampledAt: body.sampledAt }),
    entryOf(body),
  )
  return xml('component', null, xml('structuredBody', null, xml('component', null, section)))
}

function entryOf(body: Body): XmlElement {
  // The rules allow one entry with one device: a kit that reads a virus and a bacterium goes under the viral studies.
  const viral = body.observed.find(({ words }) => words.study.code === '92893-7')
  const study = (viral ?? body.observed[0]).words.study
  const act = xml(
    'act',
    { classCode: 'ACT', moodCode: 'EVN' },
    code(study),
    completed(),
    deviceOf(body),
    ...body.observed.map((observed, index) => observationOf(body, observed, index)),
  )
  return xml('entry', { typeCode: 'DRIV' }, templateId('1.3.6.1.4.1.19376.1.3.1'), templateId('1.2.250.1.213.1.1.3.21'), act)
}

function deviceOf({ act, udi, udiRoot }: Body): XmlElement {
  return xml(
    'participant',
    { typeCode: 'DEV' },
    xml(
      'participantRole',
      { classCode: 'MANU' },
      xml('id', { root: udiRoot, extension: udiText(udi, act.testKit) }),
      xml('playingDevice', { classCode: 'DEV', determinerCode: 'INSTANCE' }, xml('code', null, originalText(anchors.device))),
    ),
  )
}

function observationOf({ act, sampledAt }: Body, { analyteCode, words, result }: Observed, index: number): XmlElement {
  const analyte = { code: analyteCode, display: words.loincName, system: '2.16.840.1.113883.6.1', systemName: 'LOINC' }
  const value = { ...result, system: snomedCt.oid, systemName: 'SNOMED CT' }
  const observation = xml(
    'observation',
    { classCode: 'OBS', moodCode: 'EVN' },
    templateId('1.3.6.1.4.1.19376.1.3.1.6'),
    templateId('1.2.250.1.213.1.1.3.80'),
    code(analyte, originalText(anchors.analyte(index))),
    completed(),
    point('effectiveTime', sampledAt),
    xml('value', { 'xsi:type': 'CD', ...codeAttributes(value) }, originalText(anchors.result(index))),
    act.comment === null ? null : commentOf(),
  )
  return xml('entryRelationship', { typeCode: 'COMP' }, observation)
}

function commentOf(): XmlElement {
  const act = xml(
    'act',
    { classCode: 'ACT', moodCode: 'EVN' },
    templateId('2.16.840.1.113883.10.20.1.40'),
    templateId('1.3.6.1.4.1.19376.1.5.3.1.4.2'),
    templateId('1.2.250.1.213.1.1.3.32'),
    code(commentCode),
    xml('text', null, reference(anchors.comment)),
    completed(),
  )
  return xml('entryRelationship', { typeCode: 'SUBJ' }, act)
}

function completed(): XmlElement {
  return xml('statusCode', { code: 'completed' })
}
