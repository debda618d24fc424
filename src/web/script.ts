/** The one script of the pages. It only improves them: every page does its whole job without it. */
import { trustedTypesPolicy } from '../http/headers.ts'

/** A receipt is looked at again every 2 s for 30 s, then every 10 s, for 5 minutes in all: short of the session's idle time. */
const liveRounds = { fast: 15, fastMs: 2_000, slowMs: 10_000, all: 42 }

export const script = `'use strict';
(() => {
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy('${trustedTypesPolicy}', { createHTML: (text) => text })
    : { createHTML: (text) => text };

  // A second click on a form that is on its way sends nothing more.
  for (const form of document.querySelectorAll('form[method=post]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = 'yes';
      const button = event.submitter;
      if (button && button.dataset.busy) {
        button.setAttribute('aria-busy', 'true');
        button.textContent = button.dataset.busy;
      }
    });
  }
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) window.location.reload();
  });

  // The results that the chosen test gives, and no others.
  const kit = document.querySelector('select[data-kits]');
  if (kit) {
    const others = document.querySelector('details[data-other-analytes]');
    const show = () => {
      const read = (kit.selectedOptions[0]?.dataset.analytes || '').split(' ').filter(Boolean);
      let open = false;
      for (const group of document.querySelectorAll('[data-analyte]')) {
        const wanted = read.length === 0 || read.includes(group.dataset.analyte);
        const filled = group.querySelector('input:checked, [aria-invalid=true]') !== null;
        group.hidden = !wanted && !filled;
        if (others && others.contains(group) && read.length > 0 && (wanted || filled)) open = true;
      }
      if (others) {
        others.hidden = read.length > 0 && !open;
        others.open = open;
      }
    };
    kit.addEventListener('change', show);
    show();
  }

  for (const button of document.querySelectorAll('button[data-print]')) {
    button.hidden = false;
    button.addEventListener('click', () => window.print());
  }

  // The state of a transmission, followed until it is settled.
  const announce = document.getElementById('annonce');
  let round = 0;
  const follow = () => {
    const shown = document.querySelector('#suivi[data-live]');
    if (!shown || round >= ${liveRounds.all}) return;
    round += 1;
    setTimeout(look, round <= ${liveRounds.fast} ? ${liveRounds.fastMs} : ${liveRounds.slowMs});
  };
  const look = async () => {
    try {
      if (!document.hidden) await replace();
    } catch {
      // The network or the service is away: the next round looks again.
    }
    follow();
  };
  const replace = async () => {
    const answer = await fetch(window.location.pathname, { redirect: 'error', cache: 'no-store' });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(policy.createHTML(await answer.text()), 'text/html');
    const next = page.getElementById('suivi');
    const shown = document.getElementById('suivi');
    if (!next || !shown || next.isEqualNode(shown)) return;
    const told = next.dataset.summary !== shown.dataset.summary;
    shown.replaceWith(document.adoptNode(next));
    if (told && announce) announce.textContent = next.dataset.summary;
  };
  follow();
})();
`
