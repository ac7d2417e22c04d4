// What a benchmark is: a question, and contenders that are asked it in turn.

/** What one run of one contender gave: either the rate of the whole, or the time of each call. */
export type Run = { readonly perSecond: number } | { readonly latenciesMs: Float64Array }

/** One of those that are compared. */
export interface Contender {
  /** 'sutra', 'limit' or the name of a peer. */
  readonly name: string
  /** What it does, with its settings and durability. */
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
  /** Whether the peers are installed. */
  readonly hasPeers: boolean
}

export interface Question {
  readonly name: string
  readonly title: string
  readonly unit: 'ms' | 'per second'
  /** Which figure of a latency counts: half of the calls are faster, or their mean. */
  readonly figure?: 'median' | 'mean'
  /** Data and conditions, the same for all contenders. */
  readonly conditions: string
  readonly target?: Target
  /** What a profile shows the time to go into, told beside a target that is missed. */
  readonly profile?: string
  /** Answers a reason instead, if the question cannot be asked here. */
  open(setting: Setting): Promise<readonly Contender[] | string>
}
