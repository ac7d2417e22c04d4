// What a benchmark is: a question, and contenders that are asked it in turn.

/**
 * What one run of one contender gave: the rate of the whole, the time of each call, memory, or the
 * share of the right answers that were found.
 */
export type Run =
  | { readonly perSecond: number }
  | { readonly latenciesMs: Float64Array }
  | { readonly bytes: number }
  | { readonly share: number }

/** Which figure of the calls of a run counts: half of them are faster, their mean, or 99 % are. */
export type Figure = 'median' | 'mean' | 'p99'

/** One of those that are compared. */
export interface Contender {
  /** 'sutra', 'limit' or the name of a peer; 'sutra, ...' for ourselves under other conditions. */
  readonly name: string
  /** What it does, with its settings and durability. Read after the runs. */
  readonly detail: string
  run(): Run | Promise<Run>
  close(): void | Promise<void>
}

/** What we promised, in the unit of the question. */
export interface Target {
  /** `ratio`: of our figure to that of the contender 'limit'. */
  readonly kind: 'at least' | 'at most' | 'ratio at most'
  readonly value: number
}

/** What a question has to work with. */
export interface Setting {
  /** Shorter runs over less data: to see that it works, not to publish. */
  readonly isQuick: boolean
  /** A folder of the question's own on the disk that is measured. */
  readonly folder: string
  /** A folder for data that several questions of one run are asked about. */
  readonly shared: string
  /** Whether the peers are installed. */
  readonly hasPeers: boolean
}

export interface Question {
  readonly name: string
  readonly title: string
  readonly unit: 'ms' | 'per second' | 'bytes' | 'share'
  /** Which figure of a latency counts. @default 'median' */
  readonly figure?: Figure
  /** Asked only with `--million`: it takes minutes and gigabytes. */
  readonly isLarge?: boolean
  /**
   * Runs of each contender at most, for what takes long or always comes out the same; 1: without
   * one to warm up. @default as many as are asked for
   */
  readonly roundsMax?: number
  /** Data and conditions, the same for all contenders. */
  readonly conditions: string
  readonly target?: Target
  /** What a profile shows the time to go into, told beside a target that is missed. */
  readonly profile?: string
  /** Answers a reason instead, if the question cannot be asked here. */
  open(setting: Setting): Promise<readonly Contender[] | string>
}
