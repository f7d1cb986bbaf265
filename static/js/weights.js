// Adds up weights while they are typed. The server checks them again.
const total = (inputs) => inputs.reduce((sum, input) => sum + Math.round(Number(input.value) * 10000 || 0), 0) / 10000;
const show = () => {
  const output = document.querySelector("[data-total=categories]");
  if (output) output.textContent = String(total([...document.querySelectorAll("input[name^=categories-][name$=-weight]")]));
};
document.addEventListener("input", show);
show();
