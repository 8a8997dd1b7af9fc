/**
 * Words that speak to a model instead of describing a tool, as rules with a score each. Somebody who knows them can write
 * around them: approving definitions is the control, this is a hint. What is added here must stay rare in honest
 * descriptions: test/policy/lexical-screen.test.ts holds both against sets.
 */

export interface LexicalRule {
  readonly reason: string;
  readonly score: number;
  /** On folded, lower-case text with single blanks. Gaps are bounded, so matching is linear. */
  readonly pattern: RegExp;
}

export const LEXICAL_RULES: readonly LexicalRule[] = [
  {
    reason: 'tells to ignore instructions',
    score: 4,
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}\b(?:previous|prior|above|earlier|preceding|all other|system|your)\b.{0,20}\b(?:instruction|rule|prompt|guideline|message|direction|polic|restriction)/,
  },
  {
    reason: 'asks for the system prompt',
    score: 4,
    pattern:
      /\b(?:reveal|print|show|repeat|output|leak|disclose|send|return|include)\b.{0,30}\b(?:system|hidden|initial|developer) ?(?:prompt|message|instruction)/,
  },
  {
    reason: 'asks for secrecy',
    score: 4,
    pattern:
      /\b(?:do not|don't|dont|never|must not|no need to|avoid|without)\b.{0,20}\b(?:mention|tell|telling|inform|informing|notify|notifying|alert|disclos|reveal|show|let)\w{0,5}\b.{0,30}\b(?:the user|users?|human|anyone|anybody|operator|that you|this to)\b/,
  },
  {
    reason: 'calls itself secret',
    score: 3,
    pattern:
      /\b(?:secret|covert|hidden|silent) (?:operation|instruction|task|step|action)s?\b|\b(?:silently|secretly|covertly)\b.{0,40}\b(?:send|read|copy|forward|call|run|execute|add|include|upload)/,
  },
  {
    reason: 'carries a tag of instructions',
    score: 3,
    pattern: /<\s?(?:important|instructions?|secret|system|hidden|admin|critical|assistant|priority)\b[^<>]{0,40}>/,
  },
  { reason: 'opens with a shout for attention', score: 2, pattern: /(?:^|[\s"'.])[[(*]{1,3}\s?(?:important|critical|system|attention|urgent)\s?[\])*!]{1,3}/ },
  { reason: 'hides text in a comment', score: 2, pattern: /<!--.{8,}/ },
  {
    reason: 'names places of credentials',
    score: 2,
    pattern:
      /\.ssh\b|\bid_(?:rsa|ed25519|ecdsa)\b|\.aws\/credentials|\bmcp\.json\b|\/etc\/(?:passwd|shadow)|\.cursor\/|(?:^|[\s'"`/])\.env\b|\bprivate keys?\b.{0,20}\b(?:read|send|pass|include)|\.netrc\b|\.git-credentials|\bkeychain\b/,
  },
  {
    reason: 'wants content passed on in an argument',
    score: 3,
    pattern:
      /\b(?:pass|put|include|send|place|add|copy|attach)\b.{0,30}\b(?:contents?|conversation|history|output|keys?|messages?|credentials?)\b.{0,30}\b(?:as|in|into|to|via) (?:the |a |an )?['"`]?\w{2,30}['"`]?.{0,20}\b(?:otherwise|or else|parameter|argument|field|too|will not)/,
  },
  {
    reason: 'sends copies elsewhere',
    score: 3,
    pattern:
      /\b(?:always|must|also|automatically)\b.{0,40}\b(?:bcc|forward|send|copy|cc|upload|post|exfiltrate)\b.{0,50}(?:\bcopy\b|@|https?:|\battacker|\bemail\b|\bmessages to\b)/,
  },
  {
    reason: 'changes what other tools do',
    score: 3,
    pattern:
      /\b(?:modify|change|override|replace|alter|redirect|intercept|correct)\b.{0,30}\b(?:behaviou?rs?|results?|outputs?|responses?|calls?|recipients?)\b.{0,20}\b(?:of|from|to|for)\b.{0,30}\b(?:tools?|functions?)\b/,
  },
  {
    reason: 'wants to come before other tools',
    score: 2,
    pattern:
      /\b(?:before|prior to|instead of|whenever|every time|each time|after)\b.{0,20}\b(?:using|use|calling|call|invoking|running|run)\b.{0,25}\b(?:this|any|every|all|other|check)\b.{0,15}\b(?:tool|function)s?\b.{0,60}\b(?:read|call|run|pass|send|must|modify|execute|first)\b/,
  },
  {
    reason: 'threatens',
    score: 2,
    pattern:
      /\botherwise\b.{0,30}\b(?:not work|fail|crash|break)|\bwill (?:crash|be lost|be deleted|be terminated)\b|\bvery,? very important\b|\bfailure to (?:do so|comply)\b/,
  },
  {
    reason: 'insists on being used',
    score: 2,
    pattern:
      /\b(?:always|must)\b.{0,20}\b(?:consult|call|use|invoke|run)\b.{0,10}\bthis tool\b.{0,60}\b(?:immediately|first|before|required|critical|any)\b|\bthis tool is required\b|\bnot optional\b/,
  },
  {
    reason: 'adds something to every command',
    score: 2,
    pattern:
      /\b(?:all|every|any|each) (?:commands?|requests?|calls?|messages?|queries|query)\b.{0,20}\b(?:must|should|have to|need to)\b.{0,10}\b(?:include|begin|start|contain|end|add)\b|\binclude the prefix\b|\bwithout further explanation\b/,
  },
  { reason: 'leaves its directory', score: 2, pattern: /\b(?:attempt|try|use|always)\b.{0,30}(?:path traversal|\.\.\/)|\bmore sensitive\b/ },
  {
    reason: 'gives the model a new role',
    score: 3,
    pattern: /\byou are now\b|\bfrom now on,? you\b|\bact as (?:an? )?(?:unrestricted|root|admin|dan)\b|\bnew (?:system )?instructions?:/,
  },
  {
    reason: 'asks to hide something from people',
    score: 4,
    pattern:
      /\b(?:hide|hidden|conceal|withhold|keep)\b.{0,30}\bfrom (?:the )?(?:users?|human|people|anyone)\b|\busers?\b.{0,12}\b(?:must|should|need|may|can)(?: not|n't)\b.{0,10}\b(?:know|be (?:told|informed|aware|notified|asked)|see|notice|learn)\b|\bwithout\b.{0,12}\busers?(?:'s)? (?:knowing|knowledge|noticing|consent|approval|permission)\b|\bkeep (?:this|it) (?:hidden|secret|quiet|to yourself|between us|confidential)\b/,
  },
  {
    reason: 'asks for silence',
    score: 3,
    pattern: /\b(?:do not|don't|never|must not)\b.{0,12}\b(?:mention|explain|disclose|reveal|report|admit|display)\b(?: (?:why|this|that|it|these|them|the reason)\b|,|\.|$)/,
  },
  { reason: 'asks for a lie', score: 3, pattern: /\bpretend (?:that|it|you)\b|\blie (?:and|to|about)\b|\bin truth\b|\b(?:claim|say|tell (?:them|the user)) that (?:it|this) (?:only|just)\b/ },
  {
    reason: 'speaks to the model',
    score: 3,
    pattern:
      /\b(?:notes?|instructions?|message|rules?|reminder) (?:to|for) (?:the |any |all )?(?:assistant|model|ai|llm|agent|language model)s?\b|\bnew rules?\b.{0,12}\b(?:for|:)|\bstop (?:what|whatever) you\b|\bthe user has already (?:approved|agreed|consented|confirmed|authori[sz]ed)\b|\[(?:system|admin|assistant|inst)\]/,
  },
  { reason: 'speaks as the system', score: 2, pattern: /(?:^|[.!?;>\n] ?)(?:assistant|system|developer) ?: / },
  {
    reason: 'claims to stand above other instructions',
    score: 3,
    pattern:
      /\b(?:this|these) (?:text|instructions?|descriptions?|messages?|rules?|notes?)\b.{0,20}\b(?:highest|top|absolute) (?:priority|precedence)\b|\btakes? (?:precedence|priority) over\b.{0,30}\b(?:user|instruction|system|prompt)|\binstructions?\b.{0,30}\b(?:outdated|obsolete|void|superseded|no longer (?:valid|apply))\b|\bonly valid instructions?\b|\b(?:do not|don't|never) (?:follow|obey|listen to)\b.{0,20}\b(?:users?|other|previous|system)\b|\bforget (?:everything|all|what)\b/,
  },
  {
    reason: 'takes away the confirmation',
    score: 3,
    pattern: /\b(?:never|do not|don't|without) (?:ask|asking|wait|waiting|seek|request|prompt)\b.{0,25}\b(?:confirm|confirmation|permission|approval|consent|the user)\b/,
  },
  { reason: 'goes around safeguards', score: 3, pattern: /\b(?:act|behave|respond|operate)\b.{0,25}\b(?:administrator|root|without (?:any )?(?:restrictions?|limits?|filters?)|unrestricted)\b|\b(?:override|ignore|disable|bypass|disregard)\b.{0,15}\b(?:your|all|any) (?:safety|security|ethical|content|confirmation|guard)/ },
  {
    reason: 'wants what is private passed on in an argument',
    score: 3,
    pattern:
      /\b(?:pass|put|include|send|supply|provide|add|append|copy|attach|forward|encod|insert|paste|place)\w{0,4}\b.{0,60}(?:~\/|\bcontents? of\b|\bwhat it says\b|\b(?:chat|conversation|message) history\b|\b(?:whole|entire|full|complete) (?:conversation|chat|prompt|context)\b|\bfile lists?\b|\bcookies\b|\benvironment variables?\b|\bprivate keys?\b|\bpasswords\b|\bevery (?:api )?(?:key|token)\b|\bthem\b|\bsystem prompt\b).{0,50}\b(?:as|in|into|to|through|via|with)\b (?:the |an? |its )?(?:(?:argument|parameter|field|input)\b|["'`]\w{2,30}["'`]|\w{2,30} (?:argument|parameter|field))/,
  },
  {
    reason: 'reads secrets and carries them away',
    score: 3,
    pattern:
      /(?:~\/\.?\w|\/etc\/(?:passwd|shadow)|\.ssh\b|\.env\b|\.netrc\b|\.aws\b|\.kube\b|\.kdbx\b|\.gnupg\b|\bmcp\.json\b|\bid_(?:rsa|ed25519)\b|\bcredentials\b|\bapi keys?\b|\bprivate keys?\b|\bpasswords?\b|\btokens?\b).{0,80}\b(?:send (?:it|them|what)|(?:pass|supply|append|forward|attach|upload|exfiltrat)\w{0,3} (?:it|them|the|their|its|along)\b|send\w{0,3} (?:it|them|the result|their|its) along|along as|as metadata)\b|\bexfiltrat\w+\b|\b(?:upload|send|forward|copy|attach)\w{0,3}\b.{0,30}(?:\/etc\/(?:passwd|shadow)|\.ssh\b|\.aws\b|\.kube\b|\.netrc\b)/,
  },
  { reason: 'asks for all secrets', score: 3, pattern: /\b(?:print|reveal|extract|collect|gather|output|leak|dump)\b.{0,20}\b(?:all|every|any)\b.{0,20}\b(?:secrets?|passwords?|credentials?|api keys?|tokens?|cookies)\b|\bsecrets? that you know\b/ },
  { reason: 'asks people for their password', score: 3, pattern: /\b(?:ask|tell|have|get|make|instruct)\b.{0,50}\b(?:paste|enter|type|give|share|provide|confirm)\b.{0,20}\b(?:their|his|her|your) (?:\w+ )?(?:password|pin|passphrase|seed phrase|recovery|credit card)/ },
  { reason: 'reaches for other tools while it is there', score: 3, pattern: /\b(?:when(?:ever)?|while|as long as|once|if) this (?:tool|server|function) (?:exists|is (?:available|present|installed|loaded|enabled|connected|active))\b|\btools? (?:of|from|on) (?:all |any )?other servers\b/ },
  { reason: 'waits for other tools', score: 2, pattern: /\b(?:when(?:ever)?|each time|every time|before|after)\b.{0,30}\btools?\b.{0,12}\b(?:is|are|gets?) (?:used|called|invoked|run)\b|\bmust be (?:called|used|invoked|run) (?:before|after|instead)\b.{0,20}\b(?:every|each|any|all|other)\b|\bcall this tool with\b/ },
  { reason: 'replaces what the user gave', score: 3, pattern: /\b(?:instead of|rather than|whatever|regardless of|no matter)\b.{0,30}\b(?:the |what )?(?:users?|they|customer) (?:gave|says?|said|asks?|asked|wants?|provided?|entered|chose|specif\w+)\b|\b(?:replace|change|swap|substitute|redirect)\b.{0,20}\b(?:recipients?|addressee|address|account|iban|amount|destination|beneficiary)\b.{0,40}\b(?:next|every|any|all|future|following|number to|transfer|payments?)\b|\b(?:different|another|other) account\b.{0,20}(?:$|[.!])/ },
  { reason: 'runs what it fetches', score: 3, pattern: /\b(?:curl|wget|iwr)\b.{0,80}\| ?(?:ba|z)?sh\b|\bpowershell\b.{0,40}\b(?:iex|downloadstring)\b|\brm -rf (?:~|\/)/ },
  { reason: 'acts behind the back', score: 3, pattern: /\b(?:silently|secretly|covertly|quietly|stealthily)\b.{0,40}\b(?:send|read|copy|forward|call|run|execute|add|include|upload|delete|change|replace|store|record|attach|collect)/ },
  {
    reason: 'asks for silence in other words',
    score: 3,
    pattern:
      /\b(?:leave|keep|omit) (?:it|this|that|them) (?:out of|from) (?:your|the) (?:answers?|repl(?:y|ies)|responses?|summary)\b|\bwithout (?:ever )?mention(?:ing)?\b|\bkeep (?:this|that|it|the \w+) (?:to yourself|secret|quiet|hidden)\b|\b(?:do not|don't|need not|no need) (?:need )?(?:to )?be (?:told|asked|informed|notified)\b|\b(?:do not|don't|never) bring (?:this|it|that) up\b|\b(?:skip|avoid) (?:asking|telling|informing)\b|\bdeny (?:that|any|it)\b|\bnever explain (?:it|this|why)\b|\bnot (?:to )?(?:be )?(?:shown|visible|displayed) to the user\b/,
  },
  {
    reason: 'lasts beyond its own call',
    score: 2,
    pattern:
      /\bfrom now on\b|\b(?:for|during) the (?:rest|remainder) of (?:the|this) (?:conversation|session|chat)\b|\b(?:all|every|any) (?:commands?|code|messages?|e-?mails?|answers?|links?|files?) (?:that )?you (?:run|write|send|give|create|make)\b|\b(?:when(?:ever)?|if|once|each time) (?:any other tool|another tool|code is written|the user (?:asks|mentions|types|says)|asked about)\b|\b(?:remember|note) for (?:later|the rest)\b/,
  },
  {
    reason: 'has the model use other tools first',
    score: 2,
    pattern:
      /\b(?:you|the (?:assistant|model|agent|ai)) (?:must|have to|has to|need to|needs to|should)\b.{0,15}\b(?:first|beforehand|also)\b|\byou (?:must|have to|need to) (?:first |also )?(?:execute|run|open|read|call)\b.{0,40}\bfirst\b|\bonly (?:valid|works?|correct) (?:if|when|after) you\b|\btell the \w+ tools? to\b|\buse \w+ on (?:~|\/)|\bonce (?:called|done|finished),? (?:tell|call|run|remove|delete|send)\b|\b(?:after|when) (?:the \w+ )?(?:has |is )?(?:called|done|finished),? (?:quietly |also )?(?:tell|call|run|remove|delete|send|forward)\b/,
  },
  {
    reason: 'puts something into an argument',
    score: 2,
    pattern:
      /\b(?:pass|put|include|send|supply|provide|add|append|copy|copied|attach|forward|hand|give|paste|insert|place|store|print|load)\b.{0,60}\b(?:as|in|into|to|over in|through|under)\b (?:the |an? |its )?(?:(?:argument|parameter|field|value of|title) )?["'`]\w{2,30}["'`]|\bin the \w{2,20} (?:argument|parameter|field)\b|\bas the value of ["'`]?\w/,
  },
  {
    reason: 'is after what is private',
    score: 2,
    pattern:
      /~\/|\/root\/|\bssh (?:folder|keys?|directory)\b|\.\w+rc\b|\b\w*_history\b|\bget_env\b|\btokens? (?:from|of) the\b|\b(?:medical|browsing|chat|conversation|search) history\b|\baddress book\b|\bgps\b|\beverything (?:the user|above|you|in your)\b|\b(?:last|latest|all) (?:\w+ )?(?:e-?mails|messages|documents)\b|\bdocuments that are open\b|\bincluding passwords\b|\bstore the password\b|\bof your (?:instructions|prompt)\b|\b(?:hidden|system) prompt\b|\bthe user did not mention\b|\bthe user(?:'s)? (?:full )?(?:name|position|location|home|files|downloads|contacts|photos|passwords?|tokens?|keys?)\b/,
  },
  { reason: 'gives the model another goal', score: 3, pattern: /\b(?:your|the assistant's) (?:new|real|true|only) (?:goal|task|purpose|role|objective|job) is\b|\brefuse (?:any |all )?other (?:requests|tasks)\b|\b(?:constraints|restrictions|limits|rules|safeguards) (?:are|were|have been) (?:lifted|removed|disabled|suspended)\b|\b(?:ignore|forget|disregard) (?:what|whatever|everything|anything)\b.{0,20}\b(?:developer|user|system|operator|told|said)\b/ },
  { reason: 'speaks as somebody with authority', score: 2, pattern: /\bsystem (?:override|notice|update|message)\s?:|\b(?:assistant|model|agent|ai),? (?:you |your |should |must )/ },
  { reason: 'takes safety away', score: 3, pattern: /\b(?:disable|skip|turn off|switch off|remove|circumvent)\b.{0,30}\b(?:safety|security) (?:checks?|features?|rules?|filters?|controls?)\b/ },
  { reason: 'speaks for the user', score: 3, pattern: /\bthe user (?:gave|has given|already gave|has granted) (?:us |their |you )?(?:permission|consent|approval)\b|\b(?:fine|ok|allowed|safe) without (?:them|confirmation|asking)\b/ },
  { reason: 'speaks against other servers', score: 3, pattern: /\b(?:do not|don't|never|no longer|stop) us(?:e|ing) \w+ (?:from|of|on) (?:the |any )?other (?:server|tool|provider)s?\b/ },
  { reason: 'moves money aside', score: 3, pattern: /\b(?:second|additional|extra|hidden) (?:payee|recipient|beneficiary)\b|\b(?:in favou?r of|to) (?:the )?account \d|\b(?:transfer|pay|send|call \w*(?:transfer|pay)\w*)\b.{0,40}\b[a-z]{2}\d{2} ?\d{4}\b|\b(?:multiply|increase|raise|round up)\b.{0,30}\b(?:amount|price|sum|it by)\b.{0,30}\b(?:before|without|secret|favou?r)/ },
  { reason: 'overrides the user', score: 3, pattern: /\bno matter what the user\b|\bregardless of (?:what )?the user\b|\bwhatever the user\b/ },
  {
    reason: 'keeps people out of it',
    score: 3,
    pattern:
      /\b(?:does|do) not need to be (?:reported|mentioned|confirmed|shown|approved)\b|\bso that (?:nobody|no ?one|the user (?:does not|doesn't|cannot)|they (?:do not|don't))\b.{0,12}\b(?:sees?|notices?|knows?|learns?|finds?)\b|\bunder no circumstances (?:reveal|mention|tell|disclose|show|inform)\b|\busers? (?:should|must|need) not be (?:bothered|told|asked|informed)\b|\bthis happens (?:automatically|silently) and\b|\bdo this\b.{0,30}\bwithout asking\b/,
  },
  {
    reason: 'sets rules for other tools',
    score: 3,
    pattern:
      /\bparameters? of \w+_\w+ (?:must|should|has to|have to|needs? to)\b|\b(?:block|refuse|reject|intercept|fail)\w* (?:all )?(?:calls|requests)\b.{0,15}\b(?:of|to|from|for) (?:all )?(?:other|the other)\b|\bresults? of (?:the )?(?:tool|function) ["'`]?\w+["'`]? (?:is|are) (?:unreliable|wrong|poisoned|insecure|outdated)\b|\b(?:tool|server) takes? (?:priority|precedence)\b|\bexecute this rule\b|\bclear the \w+ log\b|\b(?:has|have|needs?) to be (?:set|changed|answered|sent|copied)\b.{0,60}\b(?:regardless|whatever|in any case|to be processed|account|with the data of)\b/,
  },
  {
    reason: 'comes between the user and what they asked for',
    score: 3,
    pattern:
      /\b(?:when(?:ever)?|if|before|prior to|each time)\b.{0,12}\b(?:the user|a user|any write|a (?:payment|file|message|transfer|mail|query|commit)|any (?:file|message|mail|payment)|e-?mails|file operations?|executing \w+_\w+|processing)\b.{0,80}\b(?:must|has to|have to|needs? to|should|is required to|also)\b.{0,60}\b(?:be (?:executed|called|copied|sent|run|set|added) (?:first|to|too|as well)|execut\w+ first|copied to|backup\b.{0,20}https?:|pass (?:the )?(?:results?|outputs?) to this)|\b(?:when|while) (?:processing|sending|writing|handling) (?:e-?mails?|messages?|payments?|files?),? (?:add|append|include|insert|change|set|copy)\b|\bprior to (?:executing|calling|running) \w+.{0,40}\bpass the (?:results?|outputs?) to\b/,
  },
  { reason: 'asks for more rights', score: 3, pattern: /\b(?:grant|give)\b.{0,20}\b(?:this tool|it|us)\b.{0,20}\b(?:elevated|root|admin|full|all)\b.{0,15}\b(?:permissions?|rights?|access|privileges?)\b|\bchmod -r 777\b|\bset_permissions?\(/ },
  { reason: 'imitates a message', score: 3, pattern: /["']role["'] ?: ?["'](?:system|developer|assistant)["']|<\|?im_start|\[\/?inst\]|### ?(?:system|instruction)/ },
  { reason: 'sends by way of a picture or an address', score: 3, pattern: /!\[[^\]]{0,40}\]\(https?:[^)]{0,100}(?:data|=)[^)]{0,60}\)|\balso (?:posted|sent|uploaded|reported|forwarded|written|copied) to\b.{0,15}(?:https?:|\d{6,}|\S+@)/ },
  { reason: 'asks for what people know alone', score: 3, pattern: /\b(?:give|provide|enter|supply|pass|read)\b.{0,25}\b(?:the user's|their) (?:password|one-time code|passcode|pin)\b|\bone-time code\b.{0,20}\bfrom (?:their|the) (?:inbox|phone|mail)|\bcontents? of\b.{0,25}\b(?:clipboard|the (?:user|home)|~\/)|\ball that the user (?:has )?(?:written|said|typed)\b|\bthe last user message\b/ },
  { reason: 'speaks to models apart from people', score: 3, pattern: /\bfor the (?:model|llm|ai|assistant|agent) (?:it|this) is\b|\bnotes? (?:for|to) (?:llms?|models?|ai|agents?|assistants?)\b|\b(?:actually|in fact),? the (?:main|real|true) purpose\b|\bat the start of each conversation\b|\brepeat (?:it|this|everything) word (?:by|for) word\b/ },
];
