// What the pages need beyond links and forms: copying, asking twice, and delivering a file with a progress bar.
"use strict";

const rejects = { text: "" };

// A page that a form led to is reloaded as a page: nothing is made twice.
window.history.replaceState(null, "");

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) await copyText(copy, document.getElementById(copy.dataset.copy).textContent);
  const save = event.target.closest("[data-save]");
  if (save) saveText(save.dataset.save, rejects.text);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) event.preventDefault();
  if ("deliver" in form.dataset) {
    event.preventDefault();
    deliver(form, event.submitter ? event.submitter.value : "check");
  }
});

// What refreshes itself waits while somebody reads in it with the keyboard, marks text, or looks elsewhere.
document.addEventListener("htmx:confirm", (event) => {
  if (!(event.detail.elt.getAttribute("hx-trigger") || "").startsWith("every")) return;
  const isInUse = event.detail.elt.contains(document.activeElement) || !window.getSelection().isCollapsed;
  if (isInUse || document.hidden) event.preventDefault();
});

// A refusal is a page as well: show what it says instead of nothing.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status < 400) return;
  const page = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
  const alert = page.querySelector("[role=alert]");
  if (!alert || (event.detail.elt.getAttribute("hx-trigger") || "").startsWith("every")) return;
  event.detail.serverResponse = alert.outerHTML;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

async function copyText(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    window.getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    button.textContent = "Marked: press Ctrl+C";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

function saveText(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

async function deliver(form, step) {
  const data = new FormData(form);
  data.set("step", step);
  const columns = [...form.querySelectorAll("[data-column]")].map((input) => [input.dataset.column, input.value]);
  data.set("columns", JSON.stringify(columns));
  const buttons = form.querySelectorAll("button");
  const outcome = document.getElementById("outcome");
  document.getElementById("progress").hidden = false;
  showProgress({ done: 0, words: step === "deliver" ? "Delivering" : "Checking" });
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const response = await fetch(form.action, { method: "POST", body: data });
    if (response.redirected) return window.location.assign(response.url);
    if (!response.ok) return showRefusal(outcome, await response.text());
    if (!(await readLines(response.body, (message) => show(outcome, message)))) {
      outcome.textContent = "The connection broke off. What was delivered stays; delivering the file again changes nothing twice.";
    }
  } catch {
    outcome.textContent = "The file could not be sent. If it has changed since it was chosen, choose it again.";
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
    document.getElementById("progress").hidden = true;
  }
}

// Whether the last line came that a whole answer ends with.
async function readLines(body, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let isWhole = false;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return isWhole;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      isWhole = isWhole || "html" in message;
      take(message);
    }
  }
}

function show(outcome, message) {
  if (!("html" in message)) return showProgress(message);
  rejects.text = message.rejects || "";
  outcome.innerHTML = message.html;
}

function showProgress(message) {
  document.getElementById("bar").value = message.done;
  document.getElementById("words").textContent = message.words;
}

function showRefusal(outcome, html) {
  const alert = new DOMParser().parseFromString(html, "text/html").querySelector("[role=alert]");
  outcome.replaceChildren(alert || "That did not work.");
}

for (const zone of document.querySelectorAll("[data-drop]")) {
  const input = zone.querySelector("input[type=file]");
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // Another file has other columns: what was said about the one before goes.
  input.addEventListener("change", () => document.getElementById("outcome").replaceChildren());
}
