// A file that is too large is refused before it travels.
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("[data-upload] [type=file]")) return;
  const file = input.files[0];
  const tooLarge = file && file.size > 20 * 1024 * 1024;
  input.setCustomValidity(tooLarge ? "The file has more than 20 MB. Split it into several files." : "");
  if (tooLarge) input.reportValidity();
});
document.addEventListener("submit", (event) => {
  // Pressed twice is uploaded once.
  if (!event.target.matches("[data-upload]")) return;
  const button = event.target.querySelector("button");
  button.disabled = true;
  button.textContent = "Reading the file …";
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-upload] button")) {
    button.disabled = false;
    button.textContent = "Look at the file";
  }
});
