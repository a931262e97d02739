// Shows a word of tonecheck's below a text field, before its author posts. It never stops anybody
// from posting, and does nothing where the service cannot be reached.
//   <textarea data-tonecheck="https://tone.example.org" data-parent="#question"></textarea>
//   <script src="https://tone.example.org/nudge.js" defer></script>
// data-parent names the element with the text that is answered; data-key an API key, which everybody
// can then see: give it the scope check alone and a rate. Better, let your own server add the key.
(() => {
  const PAUSE = 700; // ms without a keystroke
  const LEAST = 8; // characters

  function attach(field) {
    const note = document.createElement("p");
    note.className = "tonecheck-nudge";
    note.setAttribute("role", "status");
    note.setAttribute("aria-live", "polite");
    note.id = `tonecheck-${Math.random().toString(36).slice(2)}`;
    field.after(note);
    const described = field.getAttribute("aria-describedby");
    field.setAttribute("aria-describedby", described ? `${described} ${note.id}` : note.id);
    let timer = 0;
    let asked = null;

    field.addEventListener("input", () => {
      clearTimeout(timer);
      asked?.abort();
      timer = setTimeout(ask, PAUSE);
    });

    async function ask() {
      if (field.value.trim().length < LEAST) return show(null);
      asked = new AbortController();
      const parent = field.dataset.parent && document.querySelector(field.dataset.parent);
      const headers = { "Content-Type": "application/json" };
      if (field.dataset.key) headers["X-API-Key"] = field.dataset.key;
      try {
        const answer = await fetch(`${field.dataset.tonecheck}/v1/nudge`, {
          method: "POST",
          headers,
          body: JSON.stringify({ text: field.value, parent: parent?.textContent.trim() || null }),
          signal: asked.signal,
        });
        show(answer.ok ? (await answer.json()).nudge : null);
      } catch {
        if (!asked.signal.aborted) show(null);
      }
    }

    function show(nudge) {
      note.textContent = nudge ? `${nudge.message} ${nudge.closing}` : "";
      field.dispatchEvent(new CustomEvent("tonecheck", { detail: nudge, bubbles: true }));
    }
  }

  document.querySelectorAll("[data-tonecheck]").forEach(attach);
})();
