// The scoring grid: every mark is saved as it is made, by keyboard, mouse or finger. Without this file the same
// form is saved by its buttons.
"use strict";
(() => {
  const form = document.getElementById("grid");
  if (!form) return;
  const saved = document.getElementById("saved");
  const rows = [...form.querySelectorAll(".cr")];
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const lowest = Number(form.dataset.lowest);
  const highest = Number(form.dataset.highest);
  const foldable = !new URLSearchParams(location.search).has("all");
  const QUIET = 800, FIRST_RETRY = 1500, LAST_RETRY = 15000;
  const waiting = new Map(); // row → what of it is not saved yet: a set of "mark" and "comment"
  const timers = new Map();
  let sending = 0, stopped = false, retry = FIRST_RETRY, alarm = 0, digits = "", digitsAt = 0;

  const field = (row, name) => form.elements.namedItem(`${name}-${row.dataset.criterion}`);
  const radios = (row) => [...row.querySelectorAll(".an input, .na input")];
  const choice = (row) => row.querySelector("input[type=radio]:checked")?.value ?? row.querySelector("select")?.value ?? "";
  const text = (row) => field(row, "comment").value.replace(/\r\n/g, "\n").trim();
  const answered = (row) => choice(row) !== "";
  const now = () => form.querySelector(".cr.now");
  const first = (row) => row.querySelector(".an input:checked, .na input:checked") || row.querySelector(".an input, select");
  form.classList.add("js");

  // --- what the page says ---------------------------------------------------------------------------
  function show(row) {
    row.classList.toggle("answered", answered(row));
    const label = row.querySelector("input[type=radio]:checked")?.closest("label");
    const reason = field(row, "reason").value.trim();
    row.querySelector(".said").textContent =
      choice(row) === "na" ? reason || "You said this does not apply to your work with them." : label?.querySelector(".tx")?.textContent || "";
    const comment = text(row), summary = row.querySelector("summary");
    const quote = Object.assign(document.createElement("span"), { className: "quote" });
    quote.textContent = comment.length > 120 ? `${comment.slice(0, 119)}…` : comment;
    summary.replaceChildren(...(comment ? ["“", quote, "”"] : ["Add a comment"]));
    if (comment && field(row, "anonymous")?.checked) {
      summary.append(" ", Object.assign(document.createElement("span"), { className: "note", textContent: "anonymous" }));
    }
    const done = rows.filter(answered).length;
    document.getElementById("done").textContent = done;
    form.querySelectorAll(".steps rect").forEach((rect, place) => rect.setAttribute("class", place < done ? "acc" : "bar2"));
    const section = row.closest(".cat");
    section.querySelector(".count").textContent = [...section.querySelectorAll(".cr")].filter(answered).length;
    const left = rows.length - done;
    document.getElementById("left").textContent = left === 0
      ? "Every criterion is answered."
      : `${left} ${left === 1 ? "criterion is" : "criteria are"} still open. You may submit without ${left === 1 ? "it; it counts" : "them; they count"} as not answered, never as zero.`;
  }

  function tell(row, sentence, ...buttons) {
    const box = row.querySelector(".msg");
    box.replaceChildren();
    row.classList.toggle("refused", Boolean(sentence));
    if (!sentence) return;
    unfold(row);
    const p = document.createElement("p");
    p.append(sentence);
    if (buttons.length) p.append(document.createElement("br"));
    for (const [label, act] of buttons) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: label });
      button.addEventListener("click", act);
      p.append(button);
    }
    box.append(p);
    box.scrollIntoView({ block: "nearest" });
  }

  function report() {
    const count = [...waiting.values()].reduce((sum, parts) => sum + parts.size, sending);
    const trouble = count > 0 && retry > FIRST_RETRY;
    saved.classList.toggle("waiting", trouble || stopped);
    if (trouble) saved.textContent = `Not saved: ${count} ${count === 1 ? "mark" : "marks"} waiting, trying again`;
    else if (count && !stopped) saved.textContent = "Saving";
  }

  // --- saving: one request at a time, in the order made; what is not acknowledged stays in the queue -----
  function keep(row, part, delay = 0) {
    if (!waiting.has(row)) waiting.set(row, new Set());
    waiting.get(row).add(part);
    clearTimeout(timers.get(row));
    timers.set(row, setTimeout(send, delay));
    report();
  }

  async function send() {
    if (sending || stopped || !waiting.size) return;
    clearTimeout(alarm);
    const [row, parts] = waiting.entries().next().value;
    waiting.delete(row);
    sending = parts.size;
    const [version, was] = field(row, "known").value.split(/:(.*)/s);
    const body = {};
    if (parts.has("mark")) {
      const reason = choice(row) === "na" ? field(row, "reason").value.trim() : "";
      if (`${choice(row)}:${reason}` !== was) Object.assign(body, { value: choice(row), reason, version });
    }
    if (parts.has("comment")) {
      Object.assign(body, { comment: text(row), anonymous: Boolean(field(row, "anonymous")?.checked), known: field(row, "text").value });
    }
    let again = false;
    if (Object.keys(body).length) {
      try {
        const answer = await fetch(form.dataset.cells.replace("/0/", `/${row.dataset.criterion}/`), {
          method: "POST", body: JSON.stringify(body), redirect: "manual", signal: AbortSignal.timeout(10000),
          headers: { "content-type": "application/json", "x-csrftoken": token },
        });
        again = !(await heard(row, body, answer));
      } catch {
        again = true;
      }
    }
    sending = 0;
    if (again) {
      const newer = waiting.get(row) || [];
      waiting.set(row, new Set([...parts, ...newer]));
      retry = Math.min(retry * 2, LAST_RETRY);
      alarm = setTimeout(send, retry);
    } else if (waiting.size) send();
    report();
  }

  // True when the server gave an answer about this cell; false when it must be sent again.
  async function heard(row, body, answer) {
    if (answer.status >= 500 || answer.status === 429) return false;
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      return halt("Not saved: you are signed out. Sign in in another tab first.");
    }
    if (answer.status === 404) return halt("Not saved: this assessment is no longer yours.");
    const said = await answer.json().catch(() => ({ error: "Not saved: the server did not understand it. Load the page again." }));
    retry = FIRST_RETRY;
    if (answer.ok) {
      if ("version" in said) field(row, "known").value = `${said.version}:${said.mark}:${said.reason}`;
      if ("known" in said) field(row, "text").value = said.known;
      tell(row, "");
      saved.textContent = `Saved ${said.saved_at}`;
      show(row);
    } else if (said.current) conflict(row, said.current);
    else if (said.comment) conflictingComment(row, said);
    else if (said.locked) halt(`Not saved. ${said.error}`);
    else {
      tell(row, said.error);
      saved.textContent = "Not saved: see the message beside the criterion";
    }
    return true;
  }

  // Nothing more can be saved from this page: it says so, and takes no more marks.
  function halt(sentence) {
    stopped = true;
    for (const row of rows) row.disabled = true;
    saved.textContent = `${sentence} `;
    saved.append(Object.assign(document.createElement("a"), { href: location.pathname, textContent: "Load it again" }));
    saved.classList.add("waiting");
    return true;
  }

  const words = (row, value) => value === "" ? "left it open" : value === "na" ? "said it does not apply" : `chose ${value}`;

  function conflict(row, current) {
    const mine = choice(row);
    const settle = (value) => () => {
      field(row, "known").value = `${current.version}:${current.value}:${current.reason}`;
      pick(row, value);
      if (value === current.value) field(row, "reason").value = current.reason;
      tell(row, "");
      show(row);
      keep(row, "mark");
      first(row).focus();
    };
    saved.textContent = "Not saved: changed in another window";
    tell(row, `In another window you ${words(row, current.value)}; here you ${words(row, mine)}. Which one holds?`,
      [`Keep what I ${words(row, current.value)} there`.replace("what I chose", "the"), settle(current.value)],
      [`Use what I ${words(row, mine)} here`.replace("what I chose", "the"), settle(mine)]);
  }

  function conflictingComment(row, said) {
    const settle = (theirs) => () => {
      field(row, "text").value = said.comment.known;
      if (theirs) field(row, "comment").value = said.comment.text;
      tell(row, "");
      show(row);
      keep(row, "comment");
    };
    saved.textContent = "Not saved: changed in another window";
    tell(row, said.comment.text ? `In another window the comment now says: “${said.comment.text}”. Which one holds?` : "In another window the comment was deleted. Which one holds?",
      ["Keep that one", settle(true)], ["Use what I typed here", settle(false)]);
  }

  // --- rows: fold, unfold, move ---------------------------------------------------------------------
  function unfold(row) {
    row.classList.remove("folded");
    row.querySelector("details").open = true;
  }

  // Fold what is done elsewhere, without moving the row the person is at.
  function settleAround(row) {
    if (!foldable) return;
    const before = row.getBoundingClientRect().top;
    for (const other of rows) {
      if (other !== row && !other.classList.contains("folded") && answered(other) && !other.classList.contains("refused") && !other.contains(document.activeElement)) {
        other.classList.add("folded");
        other.querySelector("details").open = false;
      }
    }
    window.scrollBy(0, row.getBoundingClientRect().top - before);
  }

  function mark(row) {
    for (const other of form.querySelectorAll(".cr.now")) other.classList.toggle("now", other === row);
    row.classList.add("now");
  }

  function goTo(row) {
    if (!row) { form.querySelector("[name=submit]").focus(); return; }
    first(row).focus({ preventScroll: true });
    settleAround(row);
    row.scrollIntoView({ block: "nearest" });
  }

  function pick(row, value) {
    const select = row.querySelector("select");
    if (select) select.value = value;
    else for (const radio of row.querySelectorAll("input[type=radio]")) radio.checked = radio.value === value;
  }

  function choose(row, value) {
    pick(row, value);
    const chosen = row.querySelector("input[type=radio]:checked");
    if (chosen) chosen.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    changed(row);
  }

  function changed(row) {
    show(row);
    keep(row, "mark");
  }

  function typedDigit(row, key) {
    const together = Date.now() - digitsAt < 700 ? digits + key : key;
    digits = Number(together) <= highest ? together : key;
    digitsAt = Date.now();
    if (Number(digits) >= lowest && Number(digits) <= highest) choose(row, String(Number(digits)));
  }

  form.addEventListener("keydown", (event) => {
    const row = event.target.closest(".cr");
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target.matches("textarea, input[type=text], select");
    if (event.key === "Escape" && typing) { first(row).focus(); return; }
    if (typing) {
      if (event.key === "Enter" && event.target.matches("input[type=text]")) { event.preventDefault(); goTo(nextOpen(row)); }
      return;
    }
    if (event.target.matches("summary, button, input[type=checkbox]") && !/^[jkncJKNC]$|^Arrow(Up|Down)$/.test(event.key)) return;
    const step = (by) => goTo(by < 0 ? rows[Math.max(rows.indexOf(row) - 1, 0)] : rows[rows.indexOf(row) + 1]);
    const side = (by) => {
      const all = radios(row), at = all.indexOf(event.target);
      if (at >= 0) all[(at + by + all.length) % all.length].focus();
    };
    const acts = {
      ArrowDown: () => step(1), j: () => step(1), ArrowUp: () => step(-1), k: () => step(-1),
      ArrowRight: () => side(1), ArrowLeft: () => side(-1),
      n: () => { choose(row, "na"); unfold(row); row.scrollIntoView({ block: "nearest" }); },
      c: () => { unfold(row); field(row, "comment").focus(); },
      Enter: () => (event.target.checked ? goTo(nextOpen(row)) : choose(row, event.target.value)),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (/^[0-9]$/.test(key)) { event.preventDefault(); typedDigit(row, key); }
    else if (acts[key]) { event.preventDefault(); acts[key](); }
  });

  function nextOpen(row) {
    const at = rows.indexOf(row);
    return [...rows.slice(at + 1), ...rows.slice(0, at)].find((other) => !answered(other)) || rows[at + 1];
  }

  form.addEventListener("focusin", (event) => { const row = event.target.closest(".cr"); if (row) mark(row); });
  form.addEventListener("change", (event) => {
    const row = event.target.closest(".cr");
    if (!row) return;
    if (event.target.matches("textarea, input[type=checkbox]")) { show(row); keep(row, "comment"); return; }
    if (event.target.matches("input[type=text]")) { show(row); keep(row, "mark"); return; }
    if (event.target.value === "na" || event.target.value === "") unfold(row);
    changed(row);
    settleAround(row);
  });
  form.addEventListener("input", (event) => {
    const row = event.target.closest(".cr");
    if (row && event.target.matches("textarea")) keep(row, "comment", QUIET);
    if (row && event.target.matches("input[type=text]")) keep(row, "mark", QUIET);
  });
  form.addEventListener("click", (event) => {
    const row = event.target.closest(".folded .what")?.closest(".cr");
    if (row) { unfold(row); first(row).focus({ preventScroll: true }); }
  });
  // In a folded row the click that opens the comment shows the whole row: facts and sentences are one key away.
  form.addEventListener("toggle", (event) => {
    const row = event.target.closest(".cr.folded");
    if (row && event.target.open) { unfold(row); field(row, "comment").focus({ preventScroll: true }); }
  }, true);

  // --- leaving ----------------------------------------------------------------------------------------
  window.addEventListener("online", () => { retry = FIRST_RETRY; send(); });
  window.addEventListener("beforeunload", (event) => { if ((waiting.size || sending) && !form.dataset.leaving) event.preventDefault(); });
  form.addEventListener("submit", async (event) => {
    if (form.dataset.leaving || !(waiting.size || sending)) return;
    event.preventDefault();
    const button = event.submitter;
    for (const timer of timers.values()) clearTimeout(timer);
    for (let wait = 0; (waiting.size || sending) && wait < 40; wait += 1) {
      send();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if ((waiting.size || sending) && !stopped) return; // the page stays, and says what is not saved
    form.dataset.leaving = "1";
    form.requestSubmit(button);
  });

  // --- arriving: the first open criterion has the keyboard ------------------------------------------------
  const linked = location.hash && form.querySelector(CSS.escape ? `#${CSS.escape(location.hash.slice(1))}` : location.hash);
  const start = linked?.closest?.(".cr") || rows.find((row) => !answered(row));
  if (start && matchMedia("(pointer: fine)").matches) first(start).focus({ preventScroll: !linked });
  if (start) mark(start);
})();
