// Reception: files dropped or chosen go up in pieces; one that broke off goes on where it stopped.
(() => {
  "use strict";
  const form = document.getElementById("upload");
  if (!form) return;
  const PIECE = 4 << 20, TRIES = 5;
  const token = form.elements.csrf.value, batch = form.dataset.batch;
  const progress = document.getElementById("progress");
  const headers = { "X-CSRF-Token": token, Accept: "application/json" };
  const wait = (ms) => new Promise((done) => window.setTimeout(done, ms));

  async function answer(response) {
    const told = await response.json().catch(() => ({}));
    if (response.ok) return told;
    const error = new Error(told.detail || String(response.status));
    error.final = response.status < 500 && response.status !== 429;
    throw error;
  }

  function begin(name, size) {
    const body = new URLSearchParams({ csrf: token, name, size });
    return fetch(`/reception/${batch}/uploads`, { method: "POST", body, headers }).then(answer);
  }

  async function send(name, file, bar) {
    for (let failed = 0; ;) {
      try {
        let told = await begin(name, file.size);
        while (!told.complete) {
          const piece = file.slice(told.received, told.received + PIECE);
          const address = `/reception/${batch}/uploads/${told.id}?at=${told.received}`;
          told = await fetch(address, { method: "PUT", body: piece, headers: { ...headers, "Content-Type": "application/octet-stream" } }).then(answer);
          bar.value = told.received;
          failed = 0;
        }
        return;
      } catch (error) {
        failed += 1;
        if (error.final || failed >= TRIES) throw error;
        await wait(1000 * failed);
      }
    }
  }

  function line(name, size) {
    const row = document.createElement("p"), bar = document.createElement("progress"), text = document.createElement("span");
    text.textContent = `${form.dataset.sending} ${name} `;
    bar.max = Math.max(1, size);
    bar.value = 0;
    bar.setAttribute("aria-label", name);
    row.append(text, bar);
    progress.append(row);
    return { row, bar };
  }

  async function sendAll(found) {
    if (!found.length) return;
    let failed = 0;
    for (const { name, file } of found) {
      const { row, bar } = line(name, file.size);
      try {
        await send(name, file, bar);
        bar.value = bar.max;
      } catch (error) {
        failed += 1;
        row.className = "alert";
        row.textContent = `${form.dataset.failed} ${name}: ${error.message}`;
      }
    }
    if (failed === found.length) return;
    const note = document.createElement("p");
    note.textContent = form.dataset.taking;
    progress.append(note);
    await fetch(`/reception/${batch}/take-in`, { method: "POST", body: new URLSearchParams({ csrf: token }), headers });
    if (!failed) window.location.reload();
  }

  function below(entry) {
    if (entry.isFile) {
      return new Promise((done, failed) => entry.file((file) => done([{ name: entry.fullPath.replace(/^\//, ""), file }]), failed));
    }
    const reader = entry.createReader(), found = [];
    return new Promise((done, failed) => {
      const more = () => reader.readEntries(async (entries) => {
        if (!entries.length) return done((await Promise.all(found)).flat());
        found.push(...entries.map(below));
        more();
      }, failed);
      more();
    });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
    sendAll(chosen.map((file) => ({ name: file.webkitRelativePath || file.name, file })));
  });
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", async (event) => {
    event.preventDefault();
    form.classList.remove("over");
    const items = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    const loose = [...event.dataTransfer.files].map((file) => ({ name: file.name, file }));
    const found = items.every(Boolean) && items.length ? (await Promise.all(items.map(below))).flat() : loose;
    sendAll(found);
  });
})();
