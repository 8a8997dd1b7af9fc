/**
 * Our cookies: names, attributes, reading. The `__Host-` prefix (RFC 6265bis section 4.1.3.2) makes a browser refuse a
 * cookie that another host or an unencrypted answer would set. Browsers take it over https, and over plain http from
 * loopback; elsewhere on plain http there is no prefix and no `Secure`, and the operator is warned at the start.
 */
export type CookieName = 'sign-in' | 'flow' | 'device';

export interface CookieOptions {
  readonly isSecure: boolean;
  /** `Lax` where the browser must send it when another site leads back to us. */
  readonly sameSite: 'Strict' | 'Lax';
  /** Undefined: until the browser is closed. 0: forget it. */
  readonly maxAgeSeconds: number | undefined;
}

export function toSetCookie(name: CookieName, value: string, { isSecure, sameSite, maxAgeSeconds }: CookieOptions): string {
  const parts = [`${fullName(name, isSecure)}=${value}`, 'Path=/', 'HttpOnly', `SameSite=${sameSite}`];
  if (isSecure) parts.push('Secure');
  if (maxAgeSeconds !== undefined) parts.push(`Max-Age=${maxAgeSeconds}`);
  return parts.join('; ');
}

/** Undefined also where it is there twice: no one could say which is ours. */
export function readCookie(header: string | null, name: CookieName, isSecure: boolean): string | undefined {
  const start = `${fullName(name, isSecure)}=`;
  const found = (header ?? '').split(';').map((part) => part.trim()).filter((part) => part.startsWith(start));
  return found.length === 1 ? found[0]?.slice(start.length) : undefined;
}

/** Whether a request's `Host` is one that browsers reach securely: by the public addresses, or on loopback. */
export function createIsSecureHost(publicUrls: readonly string[]): (host: string | null) => boolean {
  const secure = new Set(publicUrls.map((url) => new URL(url)).filter((url) => url.protocol === 'https:').map((url) => url.host));
  return (host) => {
    const url = URL.parse(`http://${host ?? ''}`);
    return url !== null && (isLoopbackName(url.hostname) || secure.has((host ?? '').toLowerCase()));
  };
}

/** Public addresses where cookies go without protection: plain http to anything but loopback. */
export function findUnprotectedUrls(publicUrls: readonly string[]): string[] {
  return publicUrls.filter((text) => {
    const url = new URL(text);
    return url.protocol === 'http:' && !isLoopbackName(url.hostname);
  });
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

function fullName(name: CookieName, isSecure: boolean): string {
  return `${isSecure ? '__Host-' : ''}metamcp-${name}`;
}
