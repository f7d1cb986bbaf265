// One tick for all meetings on the page, and a note of which are meant.
const all = document.querySelector("[data-tick-all]");
all?.addEventListener("change", () => {
  for (const tick of document.querySelectorAll("[name=tick]")) tick.checked = all.checked;
});
document.addEventListener("change", (event) => {
  if (event.target.name === "tick" && all) all.checked = !document.querySelector("[name=tick]:not(:checked)");
});
