/**
 * Concepts: words that people and tool authors use for the same thing. A tool that has another word of a concept gets a
 * part of the credit, never more than the word itself would have given, and one credit for each word asked for.
 *
 * The list is general English around software and daily life; it names no product and follows no data set.
 */
import { stem } from './stem.ts';

const CONCEPTS: readonly string[] = [
  // What tools do.
  'create add new make build generate compose draft insert',
  'delete remove erase drop destroy clear purge trash discard',
  'get fetch retrieve read open obtain load show view display lookup',
  'search find lookup query discover locate explore seek',
  'list enumerate browse index catalog all',
  'update edit modify change alter revise patch set adjust',
  'write save store persist put record',
  'send post submit publish dispatch deliver share',
  'download pull import ingest',
  'upload push export',
  'run execute invoke launch start trigger perform',
  'stop cancel abort terminate kill halt end',
  'convert transform translate turn export',
  'summarize summary digest brief overview abstract',
  'analyze inspect examine evaluate assess review audit study',
  'check verify validate test confirm',
  'compare diff difference contrast',
  'calculate compute math arithmetic evaluate solve',
  'draw plot chart graph visualize diagram render figure',
  'move rename relocate transfer',
  'copy duplicate clone replicate',
  'merge combine join concatenate union',
  'split divide separate',
  'schedule book reserve plan arrange appointment reservation',
  'buy purchase order shop checkout',
  'notify alert remind notification reminder alarm',
  'recommend suggest suggestion recommendation propose',
  'monitor watch track observe follow',
  'connect link attach join',
  'install setup configure deploy provision',
  'compress zip archive',
  'extract parse scrape crawl',
  'crop resize scale trim',
  'count number total amount quantity',
  'reply respond answer comment',
  'login signin authenticate',
  // What they do it to.
  'image picture photo photograph icon illustration thumbnail',
  'video movie film clip footage',
  'music song track audio sound',
  'document doc file report paper',
  'folder directory path',
  'web internet online website site page url webpage',
  'command shell terminal bash console process',
  'presentation slide slideshow powerpoint ppt pptx deck',
  'spreadsheet excel sheet xlsx csv worksheet workbook',
  'table grid matrix',
  'email mail message inbox',
  'chat conversation message dm channel',
  'database db sql table',
  'repository repo git codebase',
  'issue bug ticket task todo',
  'commit revision changeset version release',
  'person people user member contact profile account',
  'company business organization firm enterprise corporation',
  'stock share equity ticker',
  'price cost quote rate fee',
  'money currency cash payment finance exchange',
  'news headline article story press',
  'weather forecast temperature climate rain',
  'location place position coordinate address geocode geographic',
  'map route direction navigation navigate path',
  'restaurant food dining cafe eat',
  'recipe cook dish meal ingredient',
  'flight airline plane airport',
  'train rail railway station',
  'hotel accommodation lodging room stay',
  'trip travel journey vacation tour itinerary',
  'date day calendar today time',
  'now current today latest recent real',
  'event meeting appointment calendar',
  'job career employment hiring vacancy position',
  'game match play player sport',
  'team club squad',
  'score result standing ranking leaderboard rank',
  'product item goods merchandise',
  'discount deal coupon promotion sale bargain offer cheap',
  'review rating feedback opinion',
  'book novel literature reading',
  'research paper academic scholarly publication study',
  'medical health clinical medicine disease doctor',
  'exercise fitness workout training',
  'car vehicle automobile auto',
  'property house home estate apartment rent',
  'language translate translation',
  'text string content word',
  'note memo memory knowledge remember',
  'key secret password credential token',
  'log trace history event record',
  'metric statistic stat measure',
  'error exception failure crash bug',
  'package library dependency module',
  'container docker pod kubernetes',
  'server host machine instance vm',
  'domain dns hostname whois',
  'schema structure model definition',
  'info information detail data about',
];

/** By stem: the other stems of its concepts. */
export const RELATED: ReadonlyMap<string, readonly string[]> = relate();

function relate(): Map<string, string[]> {
  const related = new Map<string, Set<string>>();
  for (const concept of CONCEPTS) {
    const stems = [...new Set(concept.split(' ').map(stem))];
    for (const word of stems) {
      const others = related.get(word) ?? new Set();
      for (const other of stems) if (other !== word) others.add(other);
      related.set(word, others);
    }
  }
  return new Map([...related].map(([word, others]) => [word, [...others]]));
}
