/** What the pages of the authorization server say, in English and Chinese. */

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

const ENGLISH = {
  title: 'Allow access?',
  asks: 'wants to use MCP tools of this gateway in your name.',
  signedInAs: 'Signed in as',
  client: 'Application',
  publishedAt: 'Published at',
  goesTo: 'Answer goes to',
  resource: 'Endpoint',
  scopes: 'It may',
  scopeMcp: 'list and call the tools, prompts and resources of this endpoint',
  loopbackWarning:
    'The answer goes to a program on this computer. Any program here can use that name: allow it only if you started this sign-in yourself just now.',
  nameWarning: 'The application chose its name itself; nobody checked it.',
  allow: 'Allow',
  deny: 'Deny',
  errorTitle: 'This sign-in cannot go on',
  errorAdvice: 'Nothing was allowed and nobody was told. Go back to your application and start again.',
  error: 'Error',
};

export type Wording = Readonly<Record<keyof typeof ENGLISH, string>>;

const CHINESE: Wording = {
  title: '允许访问吗？',
  asks: '希望以您的身份使用此网关的 MCP 工具。',
  signedInAs: '当前登录账号',
  client: '应用',
  publishedAt: '发布地址',
  goesTo: '结果发送到',
  resource: '端点',
  scopes: '它将可以',
  scopeMcp: '列出并调用此端点的工具、提示和资源',
  loopbackWarning: '结果将发送到本机上的程序。本机任何程序都可以使用这个名称：仅当您刚刚亲自发起此次登录时才允许。',
  nameWarning: '应用名称由应用自行填写，未经核实。',
  allow: '允许',
  deny: '拒绝',
  errorTitle: '无法继续此次登录',
  errorAdvice: '没有授予任何权限，也没有通知任何一方。请回到您的应用重新开始。',
  error: '错误',
};

const WORDINGS: Readonly<Record<Language, Wording>> = { en: ENGLISH, zh: CHINESE };

/** The first language of `Accept-Language` that there is (RFC 9110 section 12.5.4); English otherwise. */
export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => ({ tag: part.trim().slice(0, 2).toLowerCase(), weight: Number(/;\s*q=([\d.]+)/.exec(part)?.[1] ?? 1) }))
    .toSorted((left, right) => right.weight - left.weight);
  for (const { tag } of wanted) {
    const found = LANGUAGES.find((language) => language === tag);
    if (found !== undefined) return found;
  }
  return 'en';
}

export function wordingOf(language: Language): Wording {
  return WORDINGS[language];
}
