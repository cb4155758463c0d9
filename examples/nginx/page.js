// The page works without this script. The script ignores the second click of a double click, and shows an outcome when
// it arrives.
const POLL_MILLISECONDS = 2000;

for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.ariaBusy === "true") event.preventDefault();
    form.ariaBusy = "true";
  });
}

document.querySelector("#no-script")?.remove();

// A page that the Back button restores has old forms.
addEventListener("pageshow", (event) => event.persisted && location.reload());

async function update(card) {
  const answer = await fetch(card.dataset.outcome, { cache: "no-store" });
  if (answer.status === 401) return location.reload(); // the session has ended
  if (!answer.ok) return;
  const { state, text, next } = await answer.json();
  if (state === card.dataset.state) return;
  if (state === "lost") return location.reload(); // the form then has one more field
  card.dataset.state = state;
  card.querySelector(".state").textContent = text;
  if (!next) return;
  card.querySelector("[name=number]").value = next;
  card.querySelector("fieldset").disabled = false;
}

setInterval(() => {
  if (document.hidden) return;
  const waiting = document.querySelectorAll("[data-state=sending], [data-state=accepted], [data-state=unknown]");
  for (const card of waiting) update(card).catch(() => {}); // the next poll tries again
}, POLL_MILLISECONDS);
