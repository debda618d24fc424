/** What was captured, to be read: the patient and the act. */
import { html } from 'hono/html'
import type { PersonName, ScreeningView } from '../../actions/views.ts'
import { frenchDate, frenchDateTime, personName, spacedNir, spacedPhone } from '../format-fr.ts'
import { fact, type Html } from '../parts.ts'
import { text } from '../text-fr.ts'
import {
  analyteText,
  consentText,
  fieldText,
  identityStatusShortText,
  insAuthorityText,
  resultText,
  sexText,
  symptomText,
} from '../text-fr-codes.ts'

export function patientCard({ patient }: ScreeningView): Html {
  const words = text.receipt
  const { ins, address } = patient
  const used = [patient.usedName, patient.usedFirstName].filter((part) => part !== null).join(' ')
  const place = [address?.line, [address?.postalCode, address?.city].filter(Boolean).join(' ')].filter(Boolean).join(', ')
  return html`<section class="card" aria-labelledby="carte-patient"><h2 id="carte-patient">${words.patient}</h2><dl class="facts">
${fact(fieldText.birthName, patient.birthName)}
${fact(words.names, patient.birthFirstNames)}
${fact(words.usedName, used === '' ? null : used)}
${fact(fieldText.birthDate, frenchDate(patient.birthDate))}
${fact(fieldText.sex, sexText[patient.sex])}
${fact(fieldText.birthPlaceInsee, patient.birthPlaceInsee)}
${fact(words.ins, ins === null ? words.none : html`${spacedNir(ins.matricule)}<br><span class="hint">${insAuthorityText[ins.authority]}</span>`)}
${fact(words.identity, identityStatusShortText[patient.identityStatus])}
${fact(words.address, place === '' ? null : place)}
${fact(fieldText.phone, patient.phone === null ? null : spacedPhone(patient.phone))}
${fact(fieldText.email, patient.email)}
</dl></section>`
}

export function actCard(screening: ScreeningView): Html {
  const words = text.receipt
  const { act } = screening
  const kit = act.testKit
  const by = (person: PersonName, instant: Date) => `${personName(person)}, ${frenchDateTime(instant)}`
  return html`<section class="card" aria-labelledby="carte-test"><h2 id="carte-test">${words.act}</h2><dl class="facts">
${act.results.map(({ analyte, result }) => fact(analyteText[analyte], html`<strong class="result result-${result}">${resultText[result]}</strong>`))}
${fact(fieldText.sampledAt, frenchDateTime(new Date(act.sampledAt)))}
${fact(words.kit, `${kit.maker} ${kit.name}`)}
${fact(fieldText.kitUdi, kit.udi === null ? null : html`<code>${kit.udi.deviceIdentifier}</code>`)}
${fact(words.lot, kit.lot)}
${fact(fieldText.kitExpiry, kit.expiry === null ? null : frenchDate(kit.expiry))}
${fact(fieldText.symptoms, symptomText[act.symptoms])}
${fact(fieldText.consent, consentText[act.consent])}
${fact(fieldText.comment, act.comment === null ? null : html`<span class="comment">${act.comment}</span>`)}
${fact(words.draftedBy, by(screening.draftedBy, screening.capturedAt))}
${fact(words.signedBy, screening.signedBy && screening.signedAt ? by(screening.signedBy, screening.signedAt) : words.none)}
</dl></section>`
}
