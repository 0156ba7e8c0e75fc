// The theme, before anything is drawn: that of the system unless another was chosen.
(() => {
  const chosen = (() => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  })();
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
