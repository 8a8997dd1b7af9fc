/**
 * What we promise, and where the promise comes from. Data only.
 *
 * A test proves a promise by naming its id in brackets in its title: `test('[TR-01] a foreign Origin is refused …')`.
 * test/requirements.test.ts counts the promises that no test names and have no `notYet`: the count may only go down.
 * To promise something, add a row and a test that cites it.
 */

export interface Requirement {
  readonly id: string;
  readonly text: string;
  /** Section of a specification, standard or report that asks for it, or the reason in a few words. */
  readonly source: string;
  /** Why nothing proves it yet: the part that it belongs to is not there. */
  readonly notYet?: string;
}

/** Promises without a proving test. Lower it when a test cites one more; never raise it. */
export const UNPROVEN_MAX = 6;

const LATER = 'Belongs to a later part: ';

// biome-ignore format: one row a promise reads as the table it is.
export const REQUIREMENTS: readonly Requirement[] = [
  // Transport.
  { id: 'TR-01', text: 'A request with an Origin that is not allowed gets 403 on every method and path, before its body is read.', source: 'MCP 2025-11-25 and 2026-07-28, Transports, Security' },
  { id: 'TR-02', text: 'The Host header is checked against its own list, independently of Origin, on every address.', source: 'DNS rebinding; OWASP AISVS 10.3.3' },
  { id: 'TR-03', text: 'By default only loopback is listened on; another address needs authentication on every endpoint.', source: 'MCP Transports, Security' },
  { id: 'TR-04', text: 'A header that may occur once and occurs twice is refused with 400.', source: 'Request smuggling: Node keeps the first silently' },
  { id: 'TR-05', text: 'A POST whose content type is not application/json gets 415, so that no plain form can reach us.', source: 'Cross-site request forgery by simple requests' },
  { id: 'TR-06', text: 'Ambiguous HTTP (two lengths, folded headers, bare line feeds, bad chunks) gets 400 and the connection ends.', source: 'RFC 9112' },
  { id: 'TR-07', text: 'No answer allows every origin together with credentials; without configuration there is no CORS at all.', source: 'Fetch standard, CORS protocol' },
  { id: 'TR-08', text: 'Forwarding headers count only from addresses that are configured as proxies.', source: 'OWASP API Security, API8' },
  { id: 'TR-09', text: 'Public addresses in metadata and redirects come from the configuration, never from a request header.', source: 'Host header attacks' },
  { id: 'TR-10', text: 'A 2026-07-28 request whose MCP headers are missing or differ from the body gets 400 and -32020.', source: 'MCP 2026-07-28, Streamable HTTP, Server Validation' },
  { id: 'TR-11', text: 'Encoded header values are decoded before they are compared; a literal that looks encoded must be encoded.', source: 'MCP 2026-07-28, Streamable HTTP, Value Encoding' },
  { id: 'TR-12', text: 'A header value alone never decides owner, right or route; the principal does.', source: 'MCP 2026-07-28, Streamable HTTP, Security' },
  { id: 'TR-13', text: 'A request of an older revision is never routed by headers that mirror its body.', source: 'MCP 2026-07-28, Streamable HTTP, Server Validation' },
  { id: 'TR-14', text: 'An unsupported revision gets 400 and -32022 with the list of those supported; an older client without the header is taken as 2025-03-26.', source: 'MCP 2026-07-28, Versioning; 2025-11-25, Transports' },
  { id: 'TR-15', text: 'The oldest accepted revision can be set.', source: 'OWASP AISVS 10.3.4', notYet: `${LATER}settings of revisions.` },
  { id: 'TR-16', text: 'Required fields of _meta that are missing give -32602; a capability that is needed and not declared gives -32021.', source: 'MCP 2026-07-28, Basic' },
  { id: 'TR-17', text: 'In 2026-07-28 an unknown method gets 404 and -32601, GET and DELETE get 405, and session and event ids are ignored.', source: 'MCP 2026-07-28, Streamable HTTP' },
  { id: 'TR-18', text: 'Before 2026-07-28 a request without session id gets 400, with an ended or foreign one 404; a notification gets 202.', source: 'MCP 2025-11-25, Session Management' },
  { id: 'TR-19', text: 'A batch is refused outside sessions of 2025-03-26; an id that is null, a fraction or an object is refused.', source: 'JSON-RPC 2.0; MCP 2025-06-18 changelog' },
  { id: 'TR-20', text: 'Error codes of our own lie outside the reserved range; of MCP\'s range only the three defined ones are said.', source: 'MCP 2026-07-28, Error Codes' },
  { id: 'TR-21', text: 'A message of a server goes to exactly one stream, never to all.', source: 'MCP 2025-11-25, Multiple Connections' },
  { id: 'TR-22', text: 'Events of one stream are never replayed on another.', source: 'MCP 2025-11-25, Resumability' },
  { id: 'TR-23', text: 'Closing the answer cancels a 2026-07-28 request; for older clients a lost connection is not a cancellation.', source: 'MCP 2026-07-28 and 2025-11-25, Transports' },
  { id: 'TR-24', text: 'A request of a server reaches a client only inside a call of that client which is in flight.', source: 'MCP 2026-07-28; SEP-2260' },
  { id: 'TR-25', text: 'Event streams are neither buffered nor cached by proxies, and a comment keeps them alive every 15 s.', source: 'MCP 2026-07-28, Streamable HTTP' },
  { id: 'TR-26', text: 'Certificates of servers are checked, and no setting of a user switches that off.', source: 'OWASP AISVS 10.3.1' },
  { id: 'TR-27', text: 'A subscription is acknowledged first, carries only what was asked for, and ends with a result when the gateway stops.', source: 'MCP 2026-07-28, Subscriptions' },
  { id: 'TR-28', text: 'Answers carry no-store; a public cache scope becomes private where the list depends on the principal.', source: 'MCP 2026-07-28, Caching' },
  { id: 'TR-29', text: 'Lists keep one order, whoever asks and whenever.', source: 'MCP 2026-07-28, Tools' },
  // Sessions and shared state.
  { id: 'SS-01', text: 'Session ids carry at least 128 random bits in visible ASCII and are kept only as digests.', source: 'MCP 2025-11-25, Session Management' },
  { id: 'SS-02', text: 'A session answers only to the credential that opened it; any other gets 404 on every method.', source: 'MCP Security Best Practices, Session Hijacking' },
  { id: 'SS-03', text: 'Idle and old sessions end; sessions are capped per credential; whatever one held is freed.', source: 'OWASP AISVS 10.2.6' },
  { id: 'SS-04', text: 'Connections to servers are partitioned by isolation; principals share one only where that was chosen.', source: 'Cross-user leaks in gateways' },
  { id: 'SS-05', text: 'Protocol state is one object a session or request; clients never share one.', source: 'CVE-2026-25536' },
  { id: 'SS-06', text: 'Ids towards a server are ours and unique on their connection, matched with their type, and forgotten at the end of the call.', source: 'CVE-2026-25536' },
  { id: 'SS-07', text: 'Progress tokens are replaced at each hop; progress and cancellation reach only the call they belong to.', source: 'Cross-user cancellation in gateways' },
  { id: 'SS-08', text: 'Request state of ours is authenticated, bound to principal, method and params, and expires within ten minutes.', source: 'MCP 2026-07-28, Multi Round-Trip Requests' },
  { id: 'SS-09', text: 'Request state of a server returns to that server and principal only.', source: 'MCP 2026-07-28, Multi Round-Trip Requests' },
  { id: 'SS-10', text: 'The handle of another principal\'s task is indistinguishable from an unknown one.', source: 'SEP-2663' },
  { id: 'SS-11', text: 'A reply to a server\'s question counts once, and only from the session that was asked.', source: 'MCP Security Best Practices' },
  { id: 'SS-12', text: 'A form of a server that asks for secrets is refused or marked, and names its server.', source: 'MCP 2026-07-28, Elicitation' },
  // Outgoing connections.
  { id: 'SF-01', text: 'One dialer: every address that a name resolves to must be allowed, and the one that was judged is connected to.', source: 'MCP Security Best Practices, SSRF' },
  { id: 'SF-02', text: 'Only public unicast addresses are allowed beside what an operator wrote; metadata addresses never are.', source: 'RFC 9728 section 7.7' },
  { id: 'SF-03', text: 'Redirects of MCP requests are not followed; of discovery at most three, each judged again, never from https to http.', source: 'MCP Security Best Practices, SSRF' },
  { id: 'SF-04', text: 'An operator\'s URL allows exactly its host and port, private ones too; nobody else can.', source: 'Self-hosted servers are the common case' },
  { id: 'SF-05', text: 'Our own listeners and stores are never dialled, whatever is allowed.', source: 'MCP Security Best Practices, SSRF' },
  { id: 'SF-06', text: 'What is fetched is capped in bytes and time, and an error never quotes what an internal address said.', source: 'MCP Security Best Practices, SSRF' },
  { id: 'SF-07', text: 'A network reference in a schema is never fetched.', source: 'MCP 2026-07-28, Basic, JSON Schema' },
  { id: 'SF-08', text: 'Icons and links of servers are never fetched by the gateway.', source: 'SSRF, tracking' },
  { id: 'SF-10', text: 'A parameter cannot change the path of a URL that a template builds.', source: 'CVE-2026-32871', notYet: `${LATER}OpenAPI servers and templates.` },
  { id: 'SF-11', text: 'No header of a client sets the address of a server.', source: 'CVE-2026-27826' },
  // Processes.
  { id: 'ST-01', text: 'Only an operator defines what is started.', source: 'CVE-2026-42271' },
  { id: 'ST-02', text: 'Trying, previewing and importing a server need the same right, and leave the same trace, as saving it.', source: 'CVE-2026-42271', notYet: `${LATER}the admin API.` },
  { id: 'ST-03', text: 'Processes are started with a list of arguments, never by a shell; a bare command becomes absolute when the configuration is compiled.', source: 'CWE-78' },
  { id: 'ST-04', text: 'A template\'s parameter is typed and bounded and never becomes command, folder or option.', source: 'CVE-2026-39884' },
  { id: 'ST-05', text: 'A process inherits a short list of safe variables and what is configured; secrets of the gateway are never among them.', source: 'Environment leaks' },
  { id: 'ST-06', text: 'Options of a start come from the configuration only, never from what an image or package says of itself.', source: 'CVE-2026-55887', notYet: `${LATER}containers.` },
  { id: 'ST-07', text: 'A pinned server whose digest changed is not started.', source: 'OWASP MCP Top 10, MCP04', notYet: `${LATER}pinning.` },
  { id: 'ST-08', text: 'Servers that users define need a sandbox.', source: 'OWASP AISVS 10.1.3' },
  { id: 'ST-09', text: 'A server that holds secrets of a user has one process for each.', source: 'Cross-user leaks in gateways' },
  { id: 'ST-10', text: 'A stop ends the whole process group within five seconds; nothing survives even a killed gateway.', source: 'Orphaned servers in MCP clients' },
  { id: 'ST-11', text: 'Processes are capped, start within their time, and stop when idle.', source: 'OWASP API Security, API4' },
  { id: 'ST-12', text: 'A server that keeps ending is started again after 1, 2, 4, 8 and 16 seconds, then rests.', source: 'Crash loops' },
  { id: 'ST-13', text: 'An archive cannot write outside its folder, nor unpack without bound.', source: 'Zip slip', notYet: `${LATER}packaged servers.` },
  { id: 'ST-14', text: 'A path is judged after its links are resolved.', source: 'CVE-2025-53109' },
  { id: 'ST-15', text: 'Lines of a server are bounded, its stderr is kept to a short tail, and the two never mix.', source: 'MCP, Transports, stdio' },
  { id: 'ST-16', text: 'What will be started is shown whole before it is approved.', source: 'SEP-1024', notYet: `${LATER}the admin UI.` },
  { id: 'ST-17', text: 'A regular expression that a user writes runs in linear time or is refused.', source: 'ReDoS' },
  // Resource limits.
  { id: 'RL-01', text: 'A request body is bounded as declared and as it comes; compressed bodies are refused.', source: 'OWASP AISVS 10.4.5' },
  { id: 'RL-02', text: 'Depth, values, keys and strings of JSON are bounded by a scanner before anything is parsed.', source: 'JSON.stringify overflows where JSON.parse does not' },
  { id: 'RL-03', text: 'A repeated key in the envelope or in params is refused.', source: 'Parsers that differ' },
  { id: 'RL-04', text: 'No key of a message can change a prototype.', source: 'Prototype pollution' },
  { id: 'RL-05', text: 'Bytes that are no UTF-8 are refused.', source: 'RFC 8259 section 8.1' },
  { id: 'RL-06', text: 'Headers and bodies must arrive in time; their size and the number of connections are bounded.', source: 'Slow clients' },
  { id: 'RL-07', text: 'Streams are counted per credential; one whose reader stopped is closed before it fills the memory.', source: 'Slow readers' },
  { id: 'RL-08', text: 'Limits per endpoint, client, tool and server answer 429 with the time to wait.', source: 'MCP, Tools, Security Considerations' },
  { id: 'RL-10', text: 'Calls in flight and waiting at one server are bounded; above that the answer is an immediate refusal.', source: 'Cascading overload' },
  { id: 'RL-11', text: 'A server that fails or hangs does not slow the others.', source: 'Bulkheads' },
  { id: 'RL-12', text: 'A call ends at its time limit, also while progress comes.', source: 'MCP, Lifecycle, Timeouts' },
  { id: 'RL-13', text: 'Schemas of tools are bounded in depth and parts; compiling and checking them cannot hang.', source: 'MCP 2026-07-28, JSON Schema' },
  { id: 'RL-14', text: 'The bytes of all bodies in flight are bounded together.', source: 'Memory exhaustion' },
  { id: 'RL-16', text: 'Storms of change notices, progress and log messages are joined or cut for each source.', source: 'Notification storms' },
  { id: 'RL-17', text: 'A list that repeats its cursor, or goes on for over a hundred pages, is cut off and reported.', source: 'Endless pagination' },
  { id: 'RL-18', text: 'Times beyond what a timer can hold are clamped: Node would fire at once.', source: 'Node.js, timers' },
  { id: 'RL-19', text: 'A gateway that reaches itself through others is stopped after four hops.', source: 'Self-aggregation' },
  // Who may use an endpoint.
  { id: 'AZ-01', text: 'Every request is checked for credentials, in a session too; a session id proves nothing.', source: 'MCP 2025-11-25 and 2026-07-28, Authorization; Security Best Practices' },
  { id: 'AZ-02', text: 'Of a token are checked: signature by listed algorithms, exact issuer, audience, time within 60 s, type.', source: 'MCP, Token Handling; RFC 9068' },
  { id: 'AZ-03', text: 'A token for another resource opens nothing.', source: 'MCP, Access Token Privilege Restriction; RFC 8707' },
  { id: 'AZ-04', text: 'A refusal says how to go on: 401 with the metadata\'s address, 403 with the scopes that are missing.', source: 'MCP, Error Handling; RFC 6750; RFC 9728' },
  { id: 'AZ-05', text: 'Every endpoint that takes tokens has metadata of its own, with its canonical address and without offline_access.', source: 'MCP, Authorization Server Discovery; RFC 9728' },
  { id: 'AZ-06', text: 'No token is taken from the address.', source: 'MCP, Token Requirements' },
  { id: 'AZ-07', text: 'What a client shows to prove itself never reaches a server.', source: 'MCP, Access Token Privilege Restriction; AISVS 10.2.7' },
  { id: 'AZ-08', text: 'Keys of issuers are kept for ten minutes; an unknown key id has them fetched at most once a minute.', source: 'Denial of service by made-up tokens' },
  { id: 'AZ-09', text: 'Every call is decided on with its arguments, not only what is listed; what is refused reaches no server.', source: 'OWASP API Security, API1 and API5' },
  { id: 'AZ-10', text: 'What a principal may not use is not listed, and its refusal is that of something that is not there.', source: 'OWASP AISVS 10.2.4' },
  { id: 'AZ-11', text: 'A policy that cannot be asked, or not in time, denies.', source: 'Fail closed' },
  { id: 'AZ-12', text: 'A credential is never part of a statement, an expression or a label, whatever characters it has.', source: 'CVE-2026-42208' },
  { id: 'AZ-13', text: 'Every operation of the admin API says who may use it; one list of them all is compared by a test.', source: 'CVE-2026-33032' },
  { id: 'AZ-14', text: 'A challenge lists all scopes that are needed; more than needed is no harm.', source: 'MCP 2026-07-28, Step-Up Authorization Flow' },
  { id: 'AZ-15', text: 'The scopes that are offered are few, and none means everything.', source: 'MCP Security Best Practices, Scope Minimization' },
  { id: 'AZ-16', text: 'What is revoked is refused on the same node at once, and its sessions and streams end.', source: 'OWASP AISVS 10.2' },
  { id: 'AZ-17', text: 'Tokens bound to a key of the client (DPoP, mTLS) are supported.', source: 'OWASP AISVS 10.3.5; SEP-1932', notYet: `${LATER}sender-constrained tokens.` },
  { id: 'AZ-18', text: 'Whoever shows wrong credentials is slowed down.', source: 'OWASP API Security, API2' },
  { id: 'AZ-19', text: 'What anyone may ask (liveness, readiness) names no server, tool or session.', source: 'Reconnaissance' },
  // What servers say of themselves.
  { id: 'TL-01', text: 'One hash covers all of a definition and the instructions beside it: any change is another hash.', source: 'OWASP AISVS 10.4.8' },
  { id: 'TL-03', text: 'Exposed names are made from configured names of servers, never from their own words, and lead back to one tool only.', source: 'MCP 2026-07-28, Tools; CVE-2026-30856' },
  { id: 'TL-04', text: 'Names that look alike, across servers too, are told.', source: 'Tool shadowing' },
  { id: 'TL-05', text: 'A tool that breaks a rule of the protocol is left out with a reason; the others stay.', source: 'MCP 2026-07-28, Tools' },
  { id: 'TL-09', text: 'What a server calls itself decides nothing; its instructions stand under its configured name.', source: 'MCP 2026-07-28, Basic' },
  { id: 'TL-10', text: 'A structured result can be held against its schema; one that does not fit is an error or is flagged.', source: 'MCP 2026-07-28, Tools; OWASP AISVS 10.4.1' },
  { id: 'TL-11', text: 'A result can carry which server and tool it comes from.', source: 'Provenance of context' },
  { id: 'TL-12', text: 'Arguments can be held against the schema, and unknown ones refused.', source: 'OWASP AISVS 10.4.3' },
  // Our authorization server.
  { id: 'AS-01', text: 'Every authorization request needs PKCE with S256.', source: 'OAuth 2.1, 7.6; MCP, Authorization Code Protection' },
  { id: 'AS-02', text: 'A redirect matches a registered one exactly; https, loopback (any port for literals) and listed schemes only.', source: 'OAuth 2.1, 2.3.1; RFC 8252, 7.3' },
  { id: 'AS-03', text: 'An unknown client or redirect gets a page, never a redirect, on every way out.', source: 'OAuth 2.1, 4.1.2.1; CVE-2026-42230' },
  { id: 'AS-04', text: 'A code opens once, within 60 s, for whom and what it was made; a second use revokes what the first one gave.', source: 'OAuth 2.1, 4.1.3' },
  { id: 'AS-05', text: 'A token is for the resource that was asked for; an unknown one gives invalid_target.', source: 'RFC 8707' },
  { id: 'AS-06', text: 'Every answer to a client says which server it comes from, errors too.', source: 'RFC 9207; MCP 2026-07-28, Mix-Up' },
  { id: 'AS-07', text: 'Metadata is in both well-known places, with the issuer byte for byte.', source: 'RFC 8414; MCP, Authorization Server Metadata Discovery' },
  { id: 'AS-08', text: 'A refresh token is used once; a second use ends all that came of the consent. Only digests are stored.', source: 'OAuth 2.1, 4.3.1' },
  { id: 'AS-09', text: 'A client that is described by a document at its id is fetched with bounds, guarded, and kept between 5 minutes and a day.', source: 'MCP, Client ID Metadata Documents' },
  { id: 'AS-10', text: 'The consent page names client, redirect host, document host, scopes and endpoint, and warns of loopback.', source: 'MCP, Client ID Metadata Documents, Security' },
  { id: 'AS-11', text: 'Registration is limited in rate and size, gives no more than the one scope, and lapses unused after a day; it can be switched off.', source: 'RFC 7591, 5; product: clients know nothing but an address' },
  { id: 'AS-12', text: 'Access tokens live for at most 15 minutes, refresh tokens unused for 30 days.', source: 'MCP, Token Theft' },
  { id: 'AS-13', text: 'The pages cannot be framed, run no script, and show what came from outside as text.', source: 'MCP Security Best Practices' },
  { id: 'AS-14', text: 'Introspection and revocation know who asks.', source: 'RFC 7662, 2.1; RFC 7009, 2.1' },
  { id: 'AS-15', text: 'Assertions of an enterprise (ID-JAG) are taken with full checks.', source: 'MCP extension, Enterprise-Managed Authorization', notYet: `${LATER}enterprise-managed authorization.` },
  // Consent.
  { id: 'CD-01', text: 'Every client needs the consent of the user, whatever was agreed to before.', source: 'MCP Security Best Practices, Confused Deputy' },
  { id: 'CD-02', text: 'The consent page names client, scopes and redirect, has a token against forgery, and cannot be framed.', source: 'MCP Security Best Practices, Confused Deputy' },
  { id: 'CD-03', text: 'Its cookies are HttpOnly, SameSite=Lax, Secure over https, and bound to one request.', source: 'MCP Security Best Practices, Confused Deputy' },
  { id: 'CD-05', text: 'A consent counts in the browser and for the user that it began with.', source: 'CVE-2026-31944' },
  // People and the admin API.
  { id: 'AD-01', text: 'A change that comes with a cookie needs an Origin of ours and a header that only our pages send; credentials of MCP are worth nothing there.', source: 'OWASP, Cross-Site Request Forgery Prevention' },
  { id: 'AD-02', text: 'Cookies are __Host-, Secure, HttpOnly and SameSite; they change at sign-in, end after 30 idle minutes, and sign-out ends them here.', source: 'OWASP ASVS, Session Management' },
  { id: 'AD-04', text: 'There is no default password; the first operator comes by a one-time link, and passwords are kept as Argon2id.', source: 'OWASP, Password Storage' },
  { id: 'AD-05', text: 'Guesses are slowed down by user and by address, nobody is locked out for good by a stranger, and the answer is the same for nobody.', source: 'OWASP, Authentication' },
  { id: 'AD-06', text: 'OpenID Connect sign-in checks state, nonce, PKCE, exact issuer and signature, and ties no login to a user by e-mail address alone.', source: 'OpenID Connect Core' },
  { id: 'AD-07', text: 'What is far-reaching needs a proof of who one is from the last five minutes.', source: 'OWASP ASVS, re-authentication' },
  { id: 'TN-04', text: 'One table says which role may use which operation, and is tried over HTTP.', source: 'OWASP API Security, API5' },
  { id: 'CD-04', text: 'The state of a sign-in at a provider is random, stored right before the redirect, good once and for ten minutes.', source: 'MCP Security Best Practices' },
  { id: 'CD-07', text: 'A consent is listed and withdrawn by who gave it; its tokens, sessions and streams end, and stored tokens of servers are revoked.', source: 'Users of other gateways' },
  { id: 'TN-01', text: 'For every operation with an id, another user’s id answers as if it were not there, and no list has it.', source: 'OWASP API Security, API1' },
  { id: 'KS-02', text: 'A key is for certain endpoints, namespaces and tools, may expire, is rotated with an overlap, and opens nothing once it is revoked.', source: 'OWASP API Security, API2' },
  { id: 'KS-08', text: 'Weak and placeholder secrets refuse the start in production.', source: 'Default credentials' },
];
