/** URI templates (RFC 6570), as far as resource templates use them: simple, reserved, path and query expansions. */

/** Names in the order in which they stand. */
export function variablesOf(template: string): readonly string[] {
  return [...new Set([...template.matchAll(/\{([^}]*)\}/g)].flatMap(([, inner = '']) => namesIn(inner)))];
}

export function expand(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([^}]*)\}/g, (_, inner: string) => {
    const operator = /^[+#./;?&]/.exec(inner)?.[0] ?? '';
    const parts = namesIn(inner).flatMap((name) => {
      const value = values[name];
      if (value === undefined || value === '') return [];
      const text = operator === '+' || operator === '#' ? encodeURI(value) : encodeURIComponent(value);
      return [operator === '?' || operator === '&' || operator === ';' ? `${name}=${text}` : text];
    });
    if (parts.length === 0) return '';
    const separator = { '?': '&', '&': '&', ';': ';', '/': '/', '.': '.' }[operator] ?? ',';
    return (operator === '+' ? '' : operator) + parts.join(separator);
  });
}

function namesIn(inner: string): string[] {
  return inner
    .replace(/^[+#./;?&]/, '')
    .split(',')
    .map((name) => name.trim().replace(/(?:\*|:\d+)$/, ''))
    .filter((name) => name !== '');
}
