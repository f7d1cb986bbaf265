// The link can be copied only where scripts run: without them the address bar holds the same.
for (const button of document.querySelectorAll("[data-copy-link][hidden]")) button.hidden = !navigator.clipboard;
