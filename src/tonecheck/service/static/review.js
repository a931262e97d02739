"use strict";
// Everything works without this script; it adds keys and puts the focus where the work is.

const cards = () => [...document.querySelectorAll(".card")];
const here = () => document.activeElement && document.activeElement.closest(".card");

function goTo(card) {
  if (!card) return;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "start" });
}

function step(by) {
  const all = cards();
  const at = all.indexOf(here());
  goTo(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]);
}

function openUp(card, chosen) {
  const details = card && card.querySelector(chosen);
  if (details) {
    details.open = !details.open;
    details.querySelector("summary").focus();
  }
}

function ask(card, tone) {
  const details = card && card.querySelector("details.bytone");
  if (!details) return;
  details.open = true;
  details.querySelector(`fieldset[data-key="${tone}"] input`).focus();
}

const actions = {
  j: () => step(1),
  k: () => step(-1),
  o: (card) => card && card.querySelector("a.place") && card.querySelector("a.place").click(),
  w: (card) => openUp(card, "details.more-doubts"),
  1: (card) => ask(card, 1),
  2: (card) => ask(card, 2),
  3: (card) => ask(card, 3),
  u: () => press(document, "u"),
  a: (card) => press(card, "a"),
  d: (card) => press(card, "d"),
  s: (card) => press(card, "s"),
};

function press(within, key) {
  const button = within && within.querySelector(`button[data-key="${key}"]`);
  if (button) button.click();
}

const keys = document.querySelector(".keys");
const shortcuts = document.getElementById("shortcuts");

if (keys && shortcuts) {
  keys.hidden = false;
  try {
    shortcuts.checked = localStorage.getItem("tonecheck-keys") !== "off";
  } catch { /* the browser keeps nothing, so keys stay on */ }
  shortcuts.addEventListener("change", () => {
    try {
      localStorage.setItem("tonecheck-keys", shortcuts.checked ? "on" : "off");
    } catch { /* as above */ }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("select, textarea, input:not([type=radio], [type=checkbox])");
    if (!shortcuts.checked || typing || event.repeat) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key.toLowerCase()];
    if (action) {
      event.preventDefault();
      action(here());
    }
  });
}

// One decision a reply, however often somebody presses.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

const aim = location.hash && document.getElementById(location.hash.slice(1));
if (aim && aim.id !== "main") goTo(aim);
