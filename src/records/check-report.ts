// The report of a check, from the answer of the engine (crates/node/src/report.rs).

import type { Message } from '../completions.js'
import { decodeMessagePack } from '../message-pack/reader.js'
import type { CheckProblem, CheckReport } from '../types.js'

type RawProblem = [
  code: string,
  file: string,
  offset: number | null,
  message: string,
  advice: string,
]
type RawReport = [
  sound: number,
  files: number,
  bytes: number,
  concepts: number,
  edges: number,
  vectors: number,
  problems: RawProblem[],
]

export function readCheckReport({ buffer, at }: Message): CheckReport {
  const raw = decodeMessagePack(buffer, at) as RawReport
  const [sound, filesChecked, bytesChecked, concepts, edges, vectors, problems] = raw
  return {
    sound: sound === 1,
    problems: problems.map(readProblem),
    filesChecked,
    bytesChecked,
    concepts,
    edges,
    vectors,
  }
}

function readProblem([code, file, offset, message, advice]: RawProblem): CheckProblem {
  return {
    code,
    ...(file === '' ? {} : { file }),
    ...(offset === null ? {} : { offset }),
    message,
    advice,
  }
}
