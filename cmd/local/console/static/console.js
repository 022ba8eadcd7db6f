// What the server's HTML cannot do alone: times that age, copying, and telling
// that the page has grown old.
(() => {
  "use strict";

  function age(seconds) {
    if (seconds < 1) return "now";
    if (seconds < 60) return Math.floor(seconds) + " s ago";
    if (seconds < 3600) return Math.floor(seconds / 60) + " min ago";
    if (seconds < 86400) return Math.floor(seconds / 3600) + " h ago";
    return Math.floor(seconds / 86400) + " d ago";
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tick() {
    const now = Date.now();
    for (const time of document.querySelectorAll("time[data-ago]")) {
      time.title = new Date(time.dateTime).toLocaleString();
      write(time, age((now - Date.parse(time.dateTime)) / 1000));
    }
    for (const time of document.querySelectorAll("time[data-until]")) {
      const left = (Date.parse(time.dateTime) - now) / 1000;
      write(time, left > 0 ? "in " + Math.ceil(left) + " s" : "any moment");
    }
  }

  document.addEventListener("click", async event => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });

  // The first error is that the stream has ended, as it does when one leaves.
  document.addEventListener("htmx:sse:error", event => {
    if (!event.detail.connection?.attempt) return;
    write(document.getElementById("stale"), "Not up to date: the program does not answer, or no longer knows what is shown here. This page tries again by itself.");
  });
  document.addEventListener("htmx:sse:after:connection", () => write(document.getElementById("stale"), ""));

  // A browser opens six connections to one server. htmx closes that of a tab
  // which is hidden, but a tab that was opened in the background never was.
  document.addEventListener("htmx:sse:after:message", () => {
    if (document.hidden) document.dispatchEvent(new Event("visibilitychange"));
  });

  document.addEventListener("htmx:after:swap", tick); // before the next paint
  document.addEventListener("DOMContentLoaded", tick);
  setInterval(tick, 1000);
})();
