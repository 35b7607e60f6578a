for (const button of document.querySelectorAll('[data-copies]')) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const field = document.getElementById(button.dataset.copies);
    if (field.select) { field.focus(); field.select(); } else { getSelection().selectAllChildren(field); }
    let done = true;
    try { await navigator.clipboard.writeText(field.value ?? field.textContent); } catch { done = document.execCommand('copy'); }
    if (!done) return;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
