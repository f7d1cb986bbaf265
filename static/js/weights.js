// Adds up weights while they are typed and shows what rescaling would make of them. The server checks them again.
(() => {
  const form = document.querySelector("[data-weights]");
  if (!form) return;
  const SMALL = 10000; // weights have at most four decimals: whole numbers of ten-thousandths add up exactly
  const read = (input) => (/^\s*\d{1,5}(\.\d{1,4})?\s*$/.test(input.value) ? Math.round(Number(input.value) * SMALL) : NaN);
  const plain = (number) => String(Math.round(number) / SMALL);
  const rescaled = (values) => {
    // The same largest-remainder rule as the server, in hundredths.
    const total = values.reduce((sum, value) => sum + value, 0);
    const exact = values.map((value) => (total ? (value * 10000) / total : 10000 / values.length));
    const down = exact.map(Math.floor);
    const missing = 10000 - down.reduce((sum, value) => sum + value, 0);
    exact.map((value, place) => [down[place] - value, place]).sort((a, b) => a[0] - b[0] || a[1] - b[1])
      .slice(0, missing).forEach(([, place]) => { down[place] += 1; });
    return down.map((value) => String(value / 100));
  };
  const level = (inputs, output) => {
    const kept = inputs.filter((input) => !input.closest(".line")?.querySelector("input[type=checkbox]")?.checked);
    const values = kept.map(read);
    inputs.forEach((input) => { input.parentElement.querySelector(".would")?.remove(); });
    if (!output) return;
    if (values.some(Number.isNaN)) { output.textContent = "a weight is not a number yet"; return; }
    const total = values.reduce((sum, value) => sum + value, 0);
    const off = total - 100 * SMALL;
    output.classList.toggle("off", off !== 0);
    output.textContent = off === 0 ? "adds up to 100" : `adds up to ${plain(total)}, ${plain(Math.abs(off))} too ${off > 0 ? "much" : "little"}`;
    if (off === 0 || form.hasAttribute("data-proportions")) return;
    const would = rescaled(values);
    kept.forEach((input, place) => {
      const note = document.createElement("span");
      note.className = "would";
      note.textContent = `→ ${would[place]}`;
      input.after(note);
    });
  };
  const all = () => {
    const groups = [...form.querySelectorAll(".group")];
    const weight = (line) => line?.querySelector(".weight input");
    level(groups.map((group) => weight(group.querySelector(".line.cat"))).filter(Boolean), form.querySelector("[data-level=g] output"));
    groups.forEach((group) => {
      level([...group.querySelectorAll(".crit > .line")].map(weight).filter(Boolean), group.querySelector("[data-level=c] output"));
    });
  };
  let changed = form.hasAttribute("data-unsaved"); // what was refused is on the page and nowhere else
  form.addEventListener("input", () => { changed = true; all(); });
  form.addEventListener("change", () => { changed = true; all(); });
  form.addEventListener("submit", (event) => {
    const names = [...form.querySelectorAll(".line .tick input:checked")]
      .map((box) => `“${box.closest(".line").querySelector(".name input").value}”`);
    const question = `Remove ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""} from the draft?`;
    if (names.length && !window.confirm(question)) { event.preventDefault(); return; }
    changed = false;
  });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  all();
})();
