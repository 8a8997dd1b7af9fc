/**
 * Kinds: what is called by the name of its kind, one way only. Who asks for euros may mean a tool that says currency; who
 * asks for currencies hardly means one that only says euro.
 *
 * Like the concepts this is general knowledge, in which names of products stand for what they are; it follows no data set.
 */
import { stem } from './stem.ts';

/** The words of a kind, and what is of that kind. */
const KINDS: readonly (readonly [kinds: string, words: string])[] = [
  ['currency money exchange', 'dollar euro yen pound franc rupee yuan peso usd eur gbp jpy chf cny inr cad aud'],
  ['crypto cryptocurrency coin token', 'bitcoin ethereum btc eth solana dogecoin litecoin blockchain defi nft altcoin stablecoin wallet'],
  ['finance financial stock market', 'etf bond dividend portfolio invest investor investment trade trading nasdaq nyse earning share ipo hedge'],
  ['code program programming', 'python javascript typescript java rust golang ruby php kotlin swift algorithm snippet script function'],
  ['package library', 'npm pip pypi cargo maven crate gem nuget'],
  ['database sql query', 'postgres postgresql mysql sqlite mongodb redis oracle mariadb clickhouse bigquery snowflake duckdb'],
  ['repository git', 'github gitlab bitbucket'],
  ['commit branch merge', 'rebase cherry-pick stash checkout'],
  ['image', 'jpg jpeg png gif webp svg bmp tiff screenshot drawing painting logo avatar'],
  ['video', 'youtube vimeo tiktok mp4 avi trailer clip episode stream'],
  ['music audio', 'spotify playlist album artist lyric mp3 wav podcast melody tune band concert singer'],
  ['movie film tv', 'cinema imdb actor actress director series episode netflix hollywood trailer'],
  ['document file', 'pdf docx word doc txt csv markdown epub odt rtf html json yaml xml'],
  ['spreadsheet', 'excel xlsx csv column row cell'],
  ['social post', 'twitter tweet facebook instagram reddit linkedin mastodon bluesky tiktok hashtag follower'],
  ['message chat', 'slack discord telegram whatsapp sms teams signal wechat'],
  ['email', 'gmail outlook imap smtp newsletter attachment'],
  ['calendar event', 'meeting appointment schedule deadline birthday holiday conference'],
  ['task project', 'jira trello asana todo kanban sprint backlog milestone linear ticket'],
  ['weather', 'rain snow wind humidity storm sunny cloud forecast temperature umbrella hurricane heatwave uv'],
  ['location map place', 'city town street address country zip postcode latitude longitude neighborhood nearby restaurant landmark gps'],
  ['travel trip', 'vacation holiday tourist destination sightseeing itinerary visit backpack cruise resort'],
  ['flight airport', 'airline plane depart arrival boarding layover aviation'],
  ['hotel', 'airbnb hostel motel accommodation booking checkin'],
  ['train transit', 'railway subway metro bus tram ferry commute'],
  ['car vehicle', 'toyota honda ford bmw tesla mileage vin automobile truck motorcycle'],
  ['food', 'dinner lunch breakfast meal snack dessert pizza cuisine ingredient vegan vegetarian'],
  ['recipe', 'cook bake dish ingredient dessert meal dinner cuisine'],
  ['nutrition', 'calorie protein vitamin carb fat diet sugar fruit vegetable'],
  ['drink', 'wine beer cocktail coffee tea'],
  ['health medical', 'doctor symptom disease diagnosis patient medicine hospital therapy cancer diabetes blood clinical illness treatment'],
  ['drug medicine', 'pill dose pharmacy medication aspirin ibuprofen prescription'],
  ['gene protein', 'dna rna genome variant mutation sequence genetic'],
  ['molecule chemical compound', 'chemistry formula smiles reaction element atom'],
  ['fitness', 'workout exercise gym yoga running muscle training'],
  ['sport team', 'football soccer basketball baseball hockey tennis cricket golf rugby nba nfl mlb nhl fifa ufc f1 olympic league tournament match'],
  ['game', 'steam xbox playstation nintendo chess puzzle esport player champion minecraft pokemon dice trivia'],
  ['book', 'novel author isbn literature chapter fiction publisher ebook library'],
  ['paper article publication', 'arxiv pubmed doi citation journal scholar thesis abstract preprint bibtex literature'],
  ['news', 'headline politics election journalist newspaper breaking cnn bbc'],
  ['encyclopedia wikipedia article', 'wiki biography history fact'],
  ['job', 'hire hiring career resume cv salary employer recruiter vacancy internship freelance candidate'],
  ['company', 'startup competitor industry corporation ceo supplier vendor business'],
  ['shop product', 'buy amazon ebay cart checkout gift brand cheap discount coupon deal purchase'],
  ['property', 'apartment rent mortgage house landlord realtor zillow home condo'],
  ['law legal', 'court lawyer contract statute regulation attorney compliance legislation'],
  ['language translate', 'english french spanish german chinese japanese italian korean portuguese russian arabic hindi'],
  ['grammar text', 'spelling proofread rewrite paraphrase essay paragraph sentence synonym'],
  ['chart', 'plot graph histogram pie bar scatter heatmap'],
  ['diagram', 'flowchart mermaid mindmap uml'],
  ['math calculate', 'sum multiply divide subtract percentage average median mean sqrt equation integral derivative'],
  ['matrix vector', 'eigenvalue determinant inverse transpose linear algebra'],
  ['unit convert', 'mile kilometer meter foot inch celsius fahrenheit pound kilogram ounce liter gallon'],
  ['time', 'timezone clock hour minute utc now tomorrow yesterday'],
  ['date', 'tomorrow yesterday week month year weekday'],
  ['browser page', 'click scroll screenshot navigate tab chrome firefox puppeteer playwright selenium'],
  ['website web page', 'seo html css landing blog link domain visitor traffic'],
  ['domain dns', 'whois nameserver hostname subdomain registrar ssl certificate'],
  ['network', 'ip ping port proxy vpn traceroute latency bandwidth wifi'],
  ['security', 'vulnerability cve malware exploit virus breach phishing attack firewall threat'],
  ['cloud', 'aws azure gcp lambda ec2 s3 serverless'],
  ['container', 'docker kubernetes pod helm k8s'],
  ['log metric', 'grafana datadog prometheus sentry trace alert incident outage'],
  ['model', 'llm gpt huggingface embedding inference dataset'],
  ['space astronomy', 'nasa mars moon planet asteroid satellite star rocket earth'],
  ['art museum', 'painting sculpture artwork exhibition gallery artist'],
  ['animal', 'dog cat pet bird horse breed fish species'],
  ['park', 'trail hike hiking camp campground nature outdoor'],
  ['education course', 'student teacher lesson learn university tutorial school exam homework class'],
  ['quote joke', 'funny inspiration motivation humor proverb'],
  ['astrology', 'horoscope zodiac tarot divination birth'],
  ['note', 'notion obsidian evernote memo knowledge remember memory'],
  ['design', 'figma layout color font icon template palette'],
  ['presentation', 'slide powerpoint pptx keynote deck'],
  ['payment', 'stripe paypal invoice refund billing checkout charge subscription'],
  ['customer', 'crm salesforce hubspot lead client support'],
  ['phone', 'number call mobile sms carrier'],
  ['package shipping', 'parcel delivery courier tracking fedex ups dhl shipment'],
  ['password', 'otp credential hash passphrase encrypt'],
];

/** By stem: the stems of its kinds. */
export const KINDS_OF: ReadonlyMap<string, readonly string[]> = toKinds();

function toKinds(): Map<string, string[]> {
  const kinds = new Map<string, Set<string>>();
  for (const [broad, narrow] of KINDS) {
    for (const word of narrow.split(' ').map(stem)) {
      const found = kinds.get(word) ?? new Set();
      for (const kind of broad.split(' ').map(stem)) if (kind !== word) found.add(kind);
      kinds.set(word, found);
    }
  }
  return new Map([...kinds].map(([word, found]) => [word, [...found]]));
}
