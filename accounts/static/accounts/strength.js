// Says, while a new password is typed, what it lacks and how long it would last. The server decides:
// it also knows common and breached passwords, so nothing here promises that one is taken.
const CLASSES = [
  ["an upper-case letter", /\p{Lu}/u],
  ["a lower-case letter", /\p{Ll}/u],
  ["a digit", /\p{Nd}/u],
  ["a special character", /[^\p{L}\p{N}]/u],
];
const WORDS = ["", "Weak", "Fair", "Good", "Strong"];

const missing = (password, { policy, least, most }) => {
  const length = [...password].length;
  const found = policy === "composition" ? CLASSES.filter(([, there]) => !there.test(password)) : [];
  const names = found.map(([name]) => name);
  if (length < least) names.unshift(`${least - length} more character${least - length > 1 ? "s" : ""}`);
  if (length > most) names.unshift(`${length - most} fewer`);
  return names;
};

// Characters that repeat, or that follow their neighbour as in abcd or 4321, count for little.
const level = (password) => {
  const chars = [...password.toLowerCase()].map((char) => char.codePointAt(0));
  const steps = chars.filter((char, at) => at === 0 || Math.abs(char - chars[at - 1]) > 1);
  const weight = Math.min(steps.length, 2 * new Set(chars).size);
  return 1 + [10, 14, 18].filter((least) => weight >= least).length;
};

const verdict = (password, rules) => {
  if (!password) return [0, ""];
  const lacks = missing(password, rules);
  if (lacks.length) return [Math.min(1, level(password)), `Still needed: ${lacks.join(", ")}.`];
  return [level(password), `${WORDS[level(password)]}, as far as can be told from here.`];
};

for (const input of document.querySelectorAll("input[data-policy]")) {
  const { policy, least, most } = input.dataset;
  const meter = Object.assign(document.createElement("meter"), {
    className: "strength", max: 4, low: 2, high: 3, optimum: 4,
  });
  meter.setAttribute("aria-hidden", "true"); // the words beside it say the same
  const words = document.createElement("p");
  words.className = "hint";
  words.setAttribute("aria-live", "polite");
  (input.closest(".secret") ?? input).after(meter, words);

  let pause;
  const judge = () => {
    const [value, text] = verdict(input.value, { policy, least: Number(least), most: Number(most) });
    meter.value = value;
    clearTimeout(pause); // a screen reader hears it once typing rests
    pause = setTimeout(() => { words.textContent = text; }, 400);
  };
  input.addEventListener("input", judge);
  judge();
}
