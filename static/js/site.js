// Small helpers every page shares. Everything works without them.
document.addEventListener("change", (event) => {
  // Filters apply as they are chosen.
  const form = event.target.closest("form[data-autosubmit]");
  if (form && event.target.type !== "date") form.requestSubmit(); // a date is whole only once its field is left
});
document.addEventListener("submit", (event) => {
  // A question before something is lost.
  const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const copy = event.target.closest("[data-copy-link]");
  if (copy) navigator.clipboard?.writeText(window.location.href).then(() => { copy.textContent = "Link copied"; });
  for (const menu of document.querySelectorAll(".bar details[open], .pick[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(document.getElementById(copy.dataset.copy).value).then(() => { copy.textContent = "Copied"; });
});
for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = !navigator.clipboard;
document.addEventListener("keydown", (event) => {
  // Escape closes a menu and gives the focus back to its button.
  const menu = event.key === "Escape" && document.querySelector(".bar details[open], .pick[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
