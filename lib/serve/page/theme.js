// Before the first paint, so that a chosen theme does not flash up in another.
(() => {
  let settings = {};
  try {
    settings = JSON.parse(localStorage.getItem('gptorch.settings') ?? '{}');
  } catch {
    // Storage is closed or holds something else: the system's theme it is.
  }
  if (settings.theme === 'light' || settings.theme === 'dark') document.documentElement.dataset.theme = settings.theme;
})();
