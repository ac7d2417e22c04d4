// Settings from arguments, environment and a file, checked together.

export {
  ConfigurationError,
  resolveConfiguration,
  type Configuration,
  type Sources,
} from './resolve.js'
export {
  decimal,
  jsonObject,
  host,
  hostAndPort,
  httpUrl,
  listOf,
  moment,
  oneOf,
  text,
  wholeNumber,
  type Parser,
  type Problem,
  type Setting,
} from './setting.js'
export {
  EMBEDDER_SETTINGS,
  SETTINGS,
  settingEntries,
  STORE_SETTINGS,
  type SettingName,
  type Settings,
} from './settings.js'
export { storageFolder } from './storage-path.js'
