// Minutes are saved as they are typed, item by item. Without this file each item is saved by its button.
"use strict";
(() => {
  const saved = document.getElementById("saved");
  const forms = [...document.querySelectorAll("form[data-keep]")];
  const QUIET = 800, FIRST_RETRY = 1500, LAST_RETRY = 15000;
  const waiting = new Set();
  let sending = null, retry = FIRST_RETRY, alarm = 0;
  const texts = (form) => [form.elements.minutes, form.elements.internal_note];
  const seen = new Map(forms.map((form) => [form, texts(form).map((box) => box.value)]));
  const changed = (form) => texts(form).some((box, place) => box.value !== seen.get(form)[place]);
  const say = (words, trouble = false) => { saved.textContent = words; saved.classList.toggle("waiting", trouble); };

  async function send() {
    if (sending || !waiting.size) return;
    clearTimeout(alarm);
    const form = waiting.values().next().value;
    waiting.delete(form);
    const same = (values) => values && texts(form).every((box, place) => box.value === values[place]);
    if (!changed(form) || same(form.refused) || form.querySelector(".conflict").childElementCount) return send();
    sending = form;
    const sent = texts(form).map((box) => box.value);
    say("Saving");
    form.querySelector(".wrong").textContent = "";
    form.refused = null;
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), headers: { accept: "application/json" }, redirect: "manual",
        signal: AbortSignal.timeout(10000),
      });
      if (answer.type === "opaqueredirect" || ![200, 400, 403, 409].includes(answer.status)) throw new Error("no answer");
      const said = await answer.json();
      retry = FIRST_RETRY;
      if (answer.status === 200) {
        form.elements.version.value = said.version;
        seen.set(form, sent);
        say(`Saved ${said.at}`);
      } else if (answer.status === 409) choose(form, said);
      else tell(form, said.wrong);
    } catch {
      waiting.add(form);
      say("Not saved yet: trying again", true);
      alarm = setTimeout(() => { sending = null; send(); }, retry);
      retry = Math.min(retry * 2, LAST_RETRY);
      return;
    }
    sending = null;
    if (changed(form) && !form.refused && !form.querySelector(".conflict").childElementCount) keep(form);
    send();
  }

  function keep(form, delay = QUIET) {
    waiting.add(form);
    clearTimeout(form.timer);
    form.timer = setTimeout(send, delay);
  }

  function tell(form, words) {
    form.querySelector(".wrong").textContent = words;
    form.refused = texts(form).map((box) => box.value);
    say("Not saved", true);
  }

  // Somebody else saved this item first: both texts are shown, and the person decides. What only one of the two
  // changed is taken from the one who changed it.
  function choose(form, said) {
    const theirs = [said.minutes, said.internal_note], before = seen.get(form);
    const mine = texts(form);
    const both = () => mine.map((box, place) => {
      if (theirs[place] === before[place] || theirs[place] === box.value) return box.value;
      if (box.value === before[place]) return theirs[place];
      return theirs[place].startsWith(before[place]) && box.value.startsWith(before[place])
        ? `${theirs[place]}\n${box.value.slice(before[place].length).trim()}`
        : `${theirs[place]}\n${box.value}`;
    });
    const open = theirs.some((text, place) => text !== before[place] && mine[place].value !== before[place] && text !== mine[place].value);
    const settle = (values) => {
      form.elements.version.value = said.version;
      seen.set(form, theirs);
      mine.forEach((box, place) => { box.value = values[place]; });
      form.querySelector(".conflict").replaceChildren();
      keep(form, 0);
    };
    if (!open) return settle(both());
    const box = form.querySelector(".conflict");
    const p = document.createElement("p");
    p.textContent = `${said.by} wrote this meanwhile:`;
    const quote = document.createElement("blockquote");
    quote.textContent = theirs.filter(Boolean).join("\n") || "(nothing: it was emptied)";
    const row = Object.assign(document.createElement("p"), { className: "actions" });
    // What is typed while the two are shown counts too: values are taken when a button is pressed.
    const ways = { "Keep both": both, "Keep mine": () => mine.map((one) => one.value), "Take theirs": () => theirs };
    for (const [label, values] of Object.entries(ways)) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: label });
      button.addEventListener("click", () => settle(values()));
      row.append(button);
    }
    box.replaceChildren(p, quote, row);
    say("Not saved: somebody wrote at the same time", true);
    box.scrollIntoView({ block: "nearest" });
  }

  for (const form of forms) {
    form.classList.add("js");
    form.addEventListener("input", () => keep(form));
    form.addEventListener("focusout", () => { if (changed(form)) keep(form, 0); });
    form.addEventListener("submit", (event) => { event.preventDefault(); keep(form, 0); });
  }
  window.addEventListener("beforeunload", (event) => { if (forms.some(changed)) event.preventDefault(); });
})();
