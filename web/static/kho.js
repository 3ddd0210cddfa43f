// Kho: keyboard, session time-out, small helps. Every page works without it.
(() => {
  "use strict";
  const typing = (element) => element && (element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName));
  const items = () => [...document.querySelectorAll("[data-item]")];

  function step(by) {
    const all = items();
    if (!all.length) return;
    const now = all.indexOf(document.activeElement);
    const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + by));
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      document.querySelectorAll("details.drop[open]").forEach((each) => each.removeAttribute("open"));
      return;
    }
    if (typing(document.activeElement)) return;
    if (event.key === "/") {
      const box = document.querySelector("[data-search]");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    } else if (event.key === "j") { event.preventDefault(); step(1); }
    else if (event.key === "k") { event.preventDefault(); step(-1); }
  });

  const here = document.querySelector('.menu [aria-current="page"]');
  if (here) here.scrollIntoView({ block: "nearest", inline: "center" });

  // A session ends after some time without a click: say so two minutes before (WCAG 2.2.1).
  const told = document.querySelector('meta[name="kho-session-minutes"]');
  if (told) {
    const minutes = Number(told.content);
    let bar = null;
    const warn = () => {
      bar = document.createElement("div");
      bar.className = "warning-bar";
      bar.setAttribute("role", "alert");
      const english = document.documentElement.lang === "en";
      const text = document.createElement("span");
      text.textContent = english ? "Your session ends in two minutes." : "Phiên làm việc sẽ kết thúc sau hai phút.";
      const stay = document.createElement("button");
      stay.textContent = english ? "Stay signed in" : "Tiếp tục làm việc";
      stay.addEventListener("click", async () => {
        await fetch("/alive", { credentials: "same-origin" });
        bar.remove();
        window.setTimeout(warn, Math.max(1, minutes - 2) * 60000);
      });
      bar.append(text, stay);
      document.body.append(bar);
      stay.focus();
    };
    window.setTimeout(warn, Math.max(1, minutes - 2) * 60000);
  }
})();
