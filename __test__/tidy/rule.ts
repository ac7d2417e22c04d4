// A rule of ours looks at the whole project as text and answers with one line per offence.

/** One text file; the path is relative to the repository, with forward slashes. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** The files of the project, or of a made-up one. */
export type Project = readonly Source[]

export interface Rule {
  /** What holds, as the title of the test. */
  readonly title: string
  /** What to do about an offence. */
  readonly help: string
  /** One line per offence, `path:line what`. */
  check(project: Project): string[]
  /** Made-up projects, each with at least one offence: they prove that the rule can fail. */
  readonly bad: Record<string, Project>
  /** Made-up projects without an offence, near the border. */
  readonly good?: Record<string, Project>
}

/** A made-up project of one file. */
export function sample(path: string, text: string): Project {
  return [{ path, text }]
}

/** Number of the line, from 1, that the character at `index` is in. */
export function lineAt(text: string, index: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** Files of one kind below a folder; no folder means everywhere. */
export function filesOf(project: Project, extension: RegExp, folder = ''): Project {
  return project.filter((file) => file.path.startsWith(folder) && extension.test(file.path))
}

/** The text of one file, `undefined` if the project has none. */
export function textOf(project: Project, path: string): string | undefined {
  return project.find((file) => file.path === path)?.text
}

/** True for files that hold nothing but tests. */
export function isTest(path: string): boolean {
  return /^__test__\/|\/tests?\/|(^|\/)tests?\.rs$|\.(test|spec)\.ts$|_tests\.rs$/.test(path)
}
