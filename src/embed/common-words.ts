// How much a word tells about a text, without any state: a fixed table of common English words in
// frequency classes, and a rule by length for all others. docs/decisions/lexical-embedder.md has
// the measurement. The table is part of the embedder's version: a change here is a new version.

/** Words that nearly every text has: they say nothing about what it is about. */
const EVERYWHERE = `the of and a to in is that it for on as with was by at be this are from or an
  which not but have has had were their its they he his she her you your we our i my me him them
  us s t`

/** Words that glue a sentence together. */
const GLUE = `one all will would can could may might must should shall been being do does did done
  there here what when where who whom whose why how if then than so such some any no nor each every
  other another both either neither more most less least many much few several own same very too
  also only just even still yet again once ever never always often into onto out up down over under
  about above below between among through during before after since until while because although
  though unless whether without within upon against toward towards across along around behind
  beside besides beyond near off per via am those these himself herself itself themselves
  something anything nothing someone anyone etc e g ie eg usually especially typically generally`

/** Words of any subject: a hint, but a weak one. */
const COMMON = `use used uses using make makes made making take takes taken took give gives given
  get gets got go goes went come comes came put set sets see seen say said says know known think
  find found want need needs like way ways thing things part parts form forms kind kinds type types
  time times year years day days new old good great small large big long short high low first last
  next two three four five six seven eight nine ten people person man men woman women work works
  world life hand place case point number group fact state end begin back left right able certain
  different important general common usual particular various whole main real full having without
  become becomes became seem seems show shows shown call called name named mean means act relating
  related characterized consisting containing following example examples note value values true
  false default option options return returns returned result results file files line lines`

const WEIGHT_EVERYWHERE = 0.1
const WEIGHT_GLUE = 0.25
const WEIGHT_COMMON = 0.55
/** Words not in the table, by length: a short one is more likely to be a common one. */
const WEIGHT_BY_LENGTH = [0.5, 0.5, 0.7, 0.85, 0.95, 1, 1.05, 1.1, 1.15, 1.2] as const
const WEIGHT_LONG = 1.25

const table = new Map<string, number>()
for (const [words, weight] of [
  [EVERYWHERE, WEIGHT_EVERYWHERE],
  [GLUE, WEIGHT_GLUE],
  [COMMON, WEIGHT_COMMON],
] as const) {
  for (const word of words.split(/\s+/)) if (word !== '') table.set(word, weight)
}

/** Weight of a lower-case word, 0.1 (says nothing) to 1.25 (rare). Stands in for its idf. */
export function wordWeight(word: string): number {
  return table.get(word) ?? WEIGHT_BY_LENGTH[word.length] ?? WEIGHT_LONG
}
