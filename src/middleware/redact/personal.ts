/** Personal data with a structure: what has a checksum is checked, so that any sixteen digits are not a card. */
import { isIP } from 'node:net';
import type { Finder, Span } from './spans.ts';

export const PERSONAL_KINDS = ['card', 'iban', 'email', 'phone', 'ip', 'ssn'] as const;
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

interface PersonalRule {
  readonly pattern: RegExp;
  /** How much of the match it is, 0 for none of it; without it, all. */
  readonly lengthOf?: (found: string) => number;
}

const RULES: Readonly<Record<PersonalKind, PersonalRule>> = {
  card: { pattern: /(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])/g, lengthOf: (found) => (isCard(found.replace(/[ -]/g, '')) ? found.length : 0) },
  iban: { pattern: /(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}/g, lengthOf: ibanLength },
  email: { pattern: /(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])/g },
  phone: {
    pattern:
      /(?<![0-9A-Za-z+])(?:\+|00)[1-9](?:[ .()/-]{0,2}[0-9]){7,14}(?![0-9A-Za-z])|(?<![0-9A-Za-z(])\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[.-][0-9]{4}(?![0-9A-Za-z])/g,
  },
  ip: {
    pattern:
      /(?<![0-9A-Za-z.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:[0-9]{0,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})?)(?![0-9A-Za-z:])/g,
    lengthOf: (found) => (isIP(found) !== 0 && found !== '::' ? found.length : 0),
  },
  ssn: { pattern: /(?<![0-9A-Za-z-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![0-9A-Za-z-])/g },
};

export function personalFinder(kinds: readonly PersonalKind[]): Finder {
  return (text) => {
    const spans: Span[] = [];
    if (text.length < 2) return spans;
    for (const kind of kinds) {
      const { pattern, lengthOf } = RULES[kind];
      for (const match of text.matchAll(pattern)) {
        const length = lengthOf === undefined ? match[0].length : lengthOf(match[0]);
        if (length > 0) spans.push({ start: match.index, end: match.index + length, kind });
      }
    }
    return spans;
  };
}

/** ISO/IEC 7812: issuers in use begin with 2 to 6, and the digits pass Luhn's check. */
function isCard(digits: string): boolean {
  if (!/^[2-6]/.test(digits) || /^(.)\1+$/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Country and length of its IBANs (ISO 13616, the registry of SWIFT). */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  Array.from(
    (
      'AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20' +
      'LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30'
    ).matchAll(/([A-Z]{2})([0-9]{2})/g),
    ([, country = '', length]) => [country, Number(length)],
  ),
);

/** As many characters as the country's IBANs have, blanks aside, if the number they make is 1 modulo 97; else 0. */
function ibanLength(found: string): number {
  const wanted = IBAN_LENGTHS.get(found.slice(0, 2)) ?? 0;
  let end = 0;
  for (let letters = 0; letters < wanted && end < found.length; end++) if (found[end] !== ' ') letters++;
  const text = found.slice(0, end).replaceAll(' ', '');
  if (text.length !== wanted || wanted === 0 || /[0-9A-Z]/.test(found[end] ?? '')) return 0;
  let rest = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1 ? end : 0;
}
