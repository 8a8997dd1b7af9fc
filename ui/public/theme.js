// Before the first paint: the theme that was chosen here. Without a choice the style sheet follows the system.
try {
  const theme = localStorage.getItem('metamcp.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden here: the system decides.
}
