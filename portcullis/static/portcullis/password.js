// Gives each password field a button that shows what is typed. Without it everything works as well.
for (const input of document.querySelectorAll('input[type="password"]')) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.textContent = "Show";
  button.setAttribute("aria-label", "Show password");
  button.setAttribute("aria-controls", input.id);

  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  show(false);
  button.addEventListener("click", () => show(input.type === "password"));
  // Browsers keep what was typed into text fields, and offer it to whoever comes next.
  input.form.addEventListener("submit", () => show(false));
  input.after(button);
}
