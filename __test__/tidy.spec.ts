// Our own rules about the text of this repository. Each rule is shown made-up offenders as well: a
// rule that cannot fail would be no test.
import test from 'ava'
import { everyModuleIsDeclared, noDeadHelper, noDeadSource } from './tidy/dead-file-rules.js'
import {
  decisionsAreLinked,
  errorsAreDocumented,
  linksLeadSomewhere,
  optionsAreDocumented,
} from './tidy/docs-rules.js'
import {
  crateDirections,
  engineKnowsNoJavaScript,
  oneLoader,
  safeCratesSaySo,
  sourceDirections,
} from './tidy/layer-rules.js'
import { readProject } from './tidy/project.js'
import { fileLength, functionLength, lineLength } from './tidy/size-rules.js'
import {
  cleanEnds,
  dependenciesAreUsed,
  noMachinePaths,
  noRegistryHosts,
  oneVersion,
  openEndsHaveIssues,
} from './tidy/text-rules.js'
import { unsafeIsExplained, unsafeOnlyWhereAllowed } from './tidy/unsafe-rules.js'

const RULES = [
  fileLength,
  functionLength,
  lineLength,
  crateDirections,
  engineKnowsNoJavaScript,
  oneLoader,
  sourceDirections,
  safeCratesSaySo,
  unsafeOnlyWhereAllowed,
  unsafeIsExplained,
  noDeadSource,
  noDeadHelper,
  everyModuleIsDeclared,
  errorsAreDocumented,
  optionsAreDocumented,
  linksLeadSomewhere,
  decisionsAreLinked,
  openEndsHaveIssues,
  noMachinePaths,
  noRegistryHosts,
  cleanEnds,
  dependenciesAreUsed,
  oneVersion,
]

const project = readProject()

for (const rule of RULES) {
  test(rule.title, (t) => {
    const offences = rule.check(project)
    t.is(offences.length, 0, `${rule.help}\n${offences.join('\n')}`)
  })

  for (const [title, files] of Object.entries(rule.bad)) {
    test(`offence seen: ${rule.title}: ${title}`, (t) => {
      t.not(rule.check(files).length, 0)
    })
  }

  for (const [title, files] of Object.entries(rule.good ?? {})) {
    test(`no offence: ${rule.title}: ${title}`, (t) => {
      t.deepEqual(rule.check(files), [])
    })
  }
}
