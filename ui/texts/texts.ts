/** Texts in the language of whoever looks; dates and numbers as that language writes them. */
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import type { TextKey } from './text-key.ts';

export type { TextKey };

export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;

const STORED = 'metamcp.language';

/** Loads one catalogue; the other stays on the server until somebody wants it. */
const CATALOGUES: Readonly<Record<Language, () => Promise<object>>> = {
  en: async () => (await import('./en.ts')).en,
  zh: async () => (await import('./zh.ts')).zh,
};

/** The language that was chosen here, else the first of the browser's that there is, else English. */
function preferredLanguage(): Language {
  const chosen = readStored();
  const wanted = [...(chosen === null ? [] : [chosen]), ...navigator.languages].map((tag) => tag.split('-')[0]?.toLowerCase());
  return wanted.find((tag): tag is Language => tag !== undefined && tag in LANGUAGES) ?? 'en';
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export async function startTexts(): Promise<void> {
  const language = preferredLanguage();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: await CATALOGUES[language]() } },
    // React escapes; escaping twice would show entities.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
}

export async function switchLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) i18next.addResourceBundle(language, 'translation', await CATALOGUES[language]());
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // Where storage is forbidden the choice lasts as long as the page.
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export type Say = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

/** Says texts in the present language; the component is drawn again when that changes. */
export function useText(): Say {
  const { t } = useTranslation();
  return t as unknown as Say;
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return i18n.language === 'zh' ? 'zh' : 'en';
}
